// The same small app for every way of importing: asked, challenged, answered. Tells what happened, step by step.
const assert = require("node:assert/strict");
const events = require("node:events");

module.exports = async function flow({ express, session, twoFactor, require2fa, sms, outbox, memoryStore }) {
  const phone = outbox();
  const app = express();
  app.use(session({ secret: "the session's own secret", resave: false, saveUninitialized: false }));
  app.post("/login", (req, res) => {
    req.session.userId = "ada";
    res.sendStatus(204);
  });
  const tfa = twoFactor({
    secret: "a secret of at least thirty-two bytes, for this test alone",
    user: (req) => req.session.userId,
    contact: () => ({ phone: "+46701740605" }),
    methods: [sms(phone)],
    store: memoryStore(),
  });
  app.use(tfa);
  app.get("/vault", require2fa({ maxAge: "5m" }), (_req, res) => res.json({ gold: true }));

  const server = app.listen(0, "127.0.0.1");
  await events.once(server, "listening");
  const base = `http://127.0.0.1:${server.address().port}`;
  let cookie = "";
  const call = async (method, path, headers = {}) => {
    const response = await fetch(base + path, { method, headers: { cookie, ...headers }, redirect: "manual" });
    cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    return { status: response.status, body: await response.text() };
  };
  try {
    await call("POST", "/login");
    const refused = await call("GET", "/vault");
    assert.equal(refused.status, 401, refused.body);
    assert.equal(JSON.parse(refused.body).code, "second_factor_required");
    const code = /\b\d{6}\b/.exec(phone.last().text)[0];
    const answered = await call("GET", "/vault", { "Two-Factor-Code": code });
    assert.equal(answered.status, 200, answered.body);
    const again = await call("GET", "/vault");
    assert.deepEqual(again, { status: 200, body: '{"gold":true}' });
    assert.equal(phone.messages.length, 1);
  } finally {
    server.closeAllConnections();
    server.close();
    await tfa.close?.();
  }
  console.log("challenged, answered, let in");
};
