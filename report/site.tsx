import { renderToString } from "npm:preact-render-to-string@6.8.2";
import type { ComponentChildren, VNode } from "npm:preact@10.29.0";
import { standalone } from "./chart.ts";

/** Where the pages of the navigation are. */
const NAVIGATION = [
  ["index.html", "Overview"],
  ["quality.html", "Quality"],
  ["tradeoff.html", "Trade-off"],
  ["datasets.html", "Data sets"],
  ["runs.html", "Runs"],
  ["method.html", "Method"],
] as const;

/** The files of a site, collected while its pages are made. */
export class Site {
  readonly files = new Map<string, string | Uint8Array<ArrayBuffer>>();
  readonly #more: readonly (readonly [string, string])[];

  /** @param more Further pages of the navigation: path and name. */
  constructor(more: readonly (readonly [string, string])[] = []) {
    this.#more = more;
  }

  /**
   * Adds a page.
   *
   * @param path Relative to the site.
   * @param title Of the page, without the project's name.
   */
  page(path: string, title: string, content: VNode, scripts: readonly string[] = []): void {
    const root = "../".repeat(path.split("/").length - 1);
    const pages = [...NAVIGATION, ...this.#more];
    const html = renderToString(
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} · flowbench`}</title>
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href={`${root}assets/site.css`} />
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
          {scripts.map((src) => <script src={root + src} defer></script>)}
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
   * @param svg As `chart` makes it.
   */
  figure(root: string, name: string, svg: string, caption: ComponentChildren): VNode {
    const path = `figures/${name}.svg`;
    this.files.set(path, standalone(svg));
    return (
      <figure>
        {/* deno-lint-ignore react-no-danger */}
        <div
          class="plot"
          tabIndex={0}
          role="group"
          aria-label="Figure"
          dangerouslySetInnerHTML={{ __html: svg }}
        />
        <figcaption>
          {caption} <a href={root + path}>SVG</a>
        </figcaption>
      </figure>
    );
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
