import { expect, it, vi } from "vitest";
import request from "supertest";
import { fixture, type Fixture } from "../helpers/app.js";

vi.mock("../../src/express/page/page.js", () => {
  throw new Error("the file is gone");
});

const HTML = { Accept: "text/html" };

async function opened(options: Parameters<typeof fixture>[0] = {}) {
  const shop: Fixture = fixture(options);
  shop.guard("/vault");
  const agent = await shop.login("ada");
  await agent.get("/vault").set(HTML).expect(303);
  return { shop, agent };
}

it("closes the door where the page cannot be loaded, and the challenge stands", async () => {
  const { shop, agent } = await opened();
  const { text } = await agent.get("/2fa").set(HTML).expect(503);
  expect(text).toBe("Unavailable");
  expect(shop.counters.faults.length).toBeGreaterThan(0);
  expect(shop.box.messages).toHaveLength(1);
  await agent.post("/2fa/verify").send({ code: shop.code() }).expect(200);
  await agent.get("/vault").set(HTML).expect(200);
});

it("answers whatever else would be a page", async () => {
  const { shop, agent } = await opened();
  await request(shop.app).get("/vault").set(HTML).expect(503);
  await agent.put("/2fa/verify").set(HTML).expect(503);
  await agent.post("/2fa/verify").type("form").set(HTML).send({ code: shop.wrong() }).expect(503);
  await agent.post("/2fa/cancel").type("form").set(HTML).send({}).expect(503);
  expect(shop.counters.handlerHits).toBe(0);
});

it("is not there for an app with a page of its own", async () => {
  const { shop, agent } = await opened({ page: { render: ({ state }) => `<!doctype html>${state}` } });
  const { text } = await agent.get("/2fa").set(HTML).expect(200);
  expect(text).toBe("<!doctype html>challenge");
  expect(shop.counters.faults).toEqual([]);
});
