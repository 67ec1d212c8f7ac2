import type { VNode } from "npm:preact@10.29.0";
import { DEMO_BODY } from "../demo/body.ts";

/** Two flows in the visitor's browser. */
export function demoPage(): VNode {
  return (
    <>
      <h1>Flows in your browser</h1>
      {/* deno-lint-ignore react-no-danger */}
      <div dangerouslySetInnerHTML={{ __html: DEMO_BODY }} />
    </>
  );
}
