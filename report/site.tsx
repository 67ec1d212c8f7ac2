import { renderToString } from "npm:preact-render-to-string@6.8.2";
import type { ComponentChildren, VNode } from "npm:preact@10.29.0";
import { standalone } from "../benchmarks/figures/chart.ts";

/** Where the pages of the navigation are. */
const NAVIGATION = [
  ["index.html", "Overview"],
  ["quality.html", "Quality"],
  ["tradeoff.html", "Trade-off"],
  ["datasets.html", "Data sets"],
  ["runs.html", "Runs"],
  ["method.html", "Method"],
] as const;

const DEMO = ["demo.html", "Demo"] as const;

/** The files of a site, collected while its pages are made. */
export class Site {
  readonly files = new Map<string, string | Uint8Array<ArrayBuffer>>();
  readonly #hasDemo: boolean;

  constructor({ hasDemo }: { readonly hasDemo: boolean }) {
    this.#hasDemo = hasDemo;
  }

  /**
   * Adds a page.
   *
   * @param path Relative to the site.
   * @param title Of the page, without the project's name.
   * @param assets Scripts and stylesheets of its own, in the folder of assets.
   */
  page(path: string, title: string, content: VNode, assets: readonly string[] = []): void {
    const root = "../".repeat(path.split("/").length - 1);
    const pages = this.#hasDemo ? [...NAVIGATION, DEMO] : NAVIGATION;
    const own = (suffix: string) =>
      assets.filter((asset) => asset.endsWith(suffix)).map((asset) => `${root}assets/${asset}`);
    const html = renderToString(
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} · flowbench`}</title>
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href={`${root}assets/site.css`} />
          {own(".css").map((href) => <link rel="stylesheet" href={href} />)}
        </head>
        <body>
          <a class="skip" href="#content">Skip to content</a>
          <header>
            <nav aria-label="Pages">
              <a class="home" href={`${root}index.html`}>flowbench</a>
              {pages.map(([href, name]) => (
                <a href={root + href} aria-current={href === path ? "page" : undefined}>{name}</a>
              ))}
            </nav>
          </header>
          <main id="content">{content}</main>
          <script src={`${root}assets/site.js`} defer></script>
          {own(".js").map((src) => <script src={src} defer></script>)}
        </body>
      </html>,
    );
    this.files.set(path, `<!doctype html>\n${html}\n`);
  }

  /**
   * A figure of a page, and the same as a file of its own.
   *
   * @param root Way from the page to the site's root.
   * @param name Of the file, without suffix.
   * @param svg As `chart` makes it; null: there was nothing to draw, and there is no figure.
   */
  figure(
    root: string,
    name: string,
    svg: string | null,
    caption: ComponentChildren,
  ): VNode | null {
    if (svg === null) return null;
    const path = this.#file(name, svg);
    return (
      <figure>
        <div
          class="plot"
          tabIndex={0}
          role="group"
          aria-label="Figure"
          // deno-lint-ignore react-no-danger
          dangerouslySetInnerHTML={{ __html: svg }}
        />
        <figcaption>
          {caption} <a href={root + path}>SVG</a>
        </figcaption>
      </figure>
    );
  }

  /** The same without the exact values under the pointer, for pages that come in hundreds. */
  picture(root: string, name: string, svg: string, alt: string, caption: ComponentChildren): VNode {
    return (
      <figure>
        <img src={root + this.#file(name, svg)} alt={alt} loading="lazy" />
        <figcaption>{caption}</figcaption>
      </figure>
    );
  }

  #file(name: string, svg: string): string {
    const path = `figures/${name}.svg`;
    this.files.set(path, standalone(svg));
    return path;
  }
}

/** An entry of a legend. */
export function key(colour: string, words: string): VNode {
  return (
    <span class="key">
      <span class="swatch" style={{ background: colour }} />
      {words}
    </span>
  );
}
