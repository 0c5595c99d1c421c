import { describe, expect, it } from "vitest";
import { html, raw } from "../../../src/express/page/html.js";

describe("html", () => {
  it("escapes every character that could leave text or a quoted attribute", () => {
    const value = `<b a="1" c='2'>&\``;
    expect(html`<p title="${value}">${value}</p>`.toString()).toBe(
      '<p title="&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&#96;">' +
        "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&#96;</p>",
    );
  });

  it("escapes an entity once more, so that text stays what it was", () => {
    expect(html`${"&lt;"}`.toString()).toBe("&amp;lt;");
  });

  it("keeps nested html and lists of it, and escapes the text between", () => {
    const items = ["a", "<b>"].map((item) => html`<li>${item}</li>`);
    expect(html`${items}`.toString()).toBe("<li>a</li><li>&lt;b&gt;</li>");
    expect(html`${[html`<i></i>`, "<i>"]}`.toString()).toBe("<i></i>&lt;i&gt;");
  });

  it("leaves nothing behind for false and undefined, and prints zero and the empty string", () => {
    expect(html`[${false}${undefined}${0}${""}]`.toString()).toBe("[0]");
  });

  it("takes only what it made itself for html", () => {
    const forged = JSON.parse('{"source":"<script>","toString":"x"}') as { source: string };
    Object.assign(forged, { toString: () => "<script>" });
    expect(html`${forged as unknown as string}`.toString()).toBe("&lt;script&gt;");
    expect(html`${Object.create(null, { toString: { value: () => "<a>" } }) as string}`.toString()).toBe("&lt;a&gt;");
  });

  it("keeps what is marked raw", () => {
    expect(html`${raw("<hr>")}`.toString()).toBe("<hr>");
  });
});
