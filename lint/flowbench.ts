/**
 * Rules of this project for `deno lint`: what would make a result depend on something that its
 * record does not hold, or a program on where it lies.
 *
 * @module
 */
const RANDOM_OPERATIONS = /^(random|truncatedNormal$|multinomial$|dropout$)/;

const plugin: Deno.lint.Plugin = {
  name: "flowbench",
  rules: {
    "no-ambient-random": {
      create: (context) => ({
        MemberExpression(node) {
          if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
          const [object, property] = [node.object.name, node.property.name];
          if (
            object === "Math" && property === "random" ||
            object === "tf" && RANDOM_OPERATIONS.test(property)
          ) {
            context.report({
              node,
              message: `${object}.${property} draws from a generator that no seed reaches`,
              hint: "Take an Rng as the last argument",
            });
          }
        },
      }),
    },
    "explicit-variables": {
      create: (context) => ({
        CallExpression(node) {
          if (node.callee.type !== "MemberExpression") return;
          if (node.callee.property.type !== "Identifier") return;
          const needed = { minimize: 3, variableGrads: 2 }[node.callee.property.name];
          if (needed !== undefined && node.arguments.length < needed) {
            context.report({
              node,
              message: `${node.callee.property.name} without variables takes every variable alive`,
              hint: "Give it those of the flow",
            });
          }
        },
      }),
    },
    "no-encoded-path": {
      create: (context) => ({
        MemberExpression(node) {
          if (node.property.type !== "Identifier" || node.property.name !== "pathname") return;
          if (node.object.type !== "NewExpression") return;
          if (!/\bimport\.meta\.url\b/.test(context.sourceCode.getText(node.object))) return;
          context.report({
            node,
            message:
              "The pathname of a file's URL is percent-encoded: no path where a space is in it",
            hint: "Take fileURLToPath of node:url, or import.meta.dirname",
          });
        },
      }),
    },
  },
};

export default plugin;
