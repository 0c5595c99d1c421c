/** The README's components in the frameworks they are for, bundled as an app would be. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { compileScript, parse } from "vue/compiler-sfc";
import { bundle } from "../helpers/bundle.js";
import { projectRoot } from "../helpers/project-copy.js";
import { readMarkdown } from "../helpers/readme-blocks.js";
import { DESKTOP } from "./bank.js";
import { bank, enter, inChromium } from "./stage.js";

const { blocks } = readMarkdown(readFileSync(path.join(projectRoot, "README.md"), "utf8"));

function shown(lang: string): string {
  const [only, ...more] = blocks.filter((block) => block.lang === lang);
  expect(more).toEqual([]);
  return only?.code ?? expect.unreachable(`the README has no ${lang}`);
}

const APPS = {
  React: () => ({
    app: `
      import { createElement } from "react";
      import { createRoot } from "react-dom/client";
      import { Vault } from "vault.jsx";
      createRoot(document.body).render(createElement(Vault));`,
    "vault.jsx": shown("jsx"),
  }),
  Vue: () => ({
    app: `
      import { createApp } from "vue";
      import Vault from "vault.js";
      createApp(Vault).mount(document.body);`,
    "vault.js": compileScript(parse(shown("vue")).descriptor, { id: "vault", inlineTemplate: true }).content,
  }),
};

inChromium("the README's component", () => {
  it.each(["React", "Vue"] as const)("asks, and goes on: %s", async (framework) => {
    const content = await bundle(APPS[framework]());
    // the example app's own policy knows nothing of this script
    const ada = await enter({ ...DESKTOP, bypassCSP: true });
    await ada.logIn();
    await ada.page.goto(`${bank.origin}/app`);
    await ada.page.addScriptTag({ content, type: "module" });
    await ada.press("Open");
    const field = ada.page.getByRole("dialog").getByRole("textbox");
    await field.waitFor();
    await field.fill(await bank.code());
    await ada.page.keyboard.press("Enter");
    await ada.page.getByText("Note G").waitFor();
    expect(await ada.page.getByRole("dialog").count()).toBe(0);
    expect(await ada.leave()).toEqual([]);
    bank.tick(60_000);
  });
});
