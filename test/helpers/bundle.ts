import path from "node:path";
import { projectRoot } from "./project-copy.js";

interface Bundler {
  rolldown(options: object): Promise<{ generate(options: object): Promise<{ output: readonly { code: string }[] }> }>;
}

export const sourceOf = (file: string): string => path.join(projectRoot, "src", file);

/** What a bundler makes of an app of these modules, minified: the one named `app`, and what it imports of the others. */
export async function bundle(modules: Readonly<Record<string, string>>): Promise<string> {
  // the bundler that the test runner brings along
  const name = "rolldown";
  const { rolldown } = (await import(name)) as Bundler;
  const plugin = {
    name: "app",
    resolveId: (id: string) =>
      id in modules ? id : id === "require2fa/client" ? sourceOf("client/index.ts") : undefined,
    load: (id: string) => modules[id],
  };
  const bundled = await rolldown({
    input: "app",
    platform: "browser",
    cwd: projectRoot,
    plugins: [plugin],
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
  });
  const { output } = await bundled.generate({ format: "es", minify: true });
  if (output.length !== 1) throw new Error(`A bundle in ${output.length} pieces.`);
  return output[0]?.code ?? "";
}
