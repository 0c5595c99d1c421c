import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DeliveryError, type DeliveryProvider, type Message } from "../../src/providers/provider.js";
import { smtp } from "../../src/providers/smtp.js";
import type { SmtpOptions } from "../../src/providers/smtp-options.js";
import { aMessage, anEmail, patient } from "../helpers/messages.js";
import { selfSigned } from "../helpers/self-signed.js";
import { type MailServer, startMailServer } from "../helpers/smtp-server.js";

const FROM = "Acme <no-reply@acme.test>";
const HEADERS = ["from", "to", "subject", "message-id", "date", "mime-version", "auto-submitted", "content-type"];

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.doUnmock("nodemailer");
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function mailServer(options?: Parameters<typeof startMailServer>[0]): Promise<MailServer> {
  const server = await startMailServer(options);
  closing.push(() => server.close());
  return server;
}

function to({ port }: { port: number }, changes: Partial<SmtpOptions> = {}): DeliveryProvider {
  return smtp({ url: `smtp://127.0.0.1:${port}`, from: FROM, ...changes });
}

async function failure(provider: DeliveryProvider, message: Message = anEmail(), ms = 5_000): Promise<DeliveryError> {
  const sending = (async () => provider.send(message, { signal: AbortSignal.timeout(ms) }))();
  const error = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeliveryError);
  expect(inspect(error, { depth: null })).not.toMatch(/483920|ada@example|hunter2/);
  return error as DeliveryError;
}

describe("a message", () => {
  it("arrives as plain text with an HTML alternative, written by a machine", async () => {
    const server = await mailServer();
    const receipt = await to(server).send(anEmail(), patient());
    const [{ from, to: recipients, parsed } = expect.fail("nothing arrived")] = server.mails;
    expect([from, recipients]).toEqual(["no-reply@acme.test", ["ada@example.com"]]);
    expect(parsed).toMatchObject({
      from: { name: "Acme", address: "no-reply@acme.test" },
      to: [{ address: "ada@example.com" }],
      subject: "Your Acme verification code",
      text: "483920 is your Acme code. Do not share it with anyone.\n",
      html: "<!doctype html><p>483920</p>\n",
    });
    expect(parsed.headers.find(({ key }) => key === "auto-submitted")?.value).toBe("auto-generated");
    expect(parsed.headers.map(({ key }) => key).sort()).toEqual([...HEADERS].sort());
    expect(receipt).toEqual({ reference: parsed.messageId });
  });

  it("has a Message-ID that follows from its idempotency key, so that a repeat can be recognised", async () => {
    const server = await mailServer();
    const provider = to(server);
    for (const idempotencyKey of ["one", "one", "two"]) await provider.send(anEmail({ idempotencyKey }), patient());
    const [first, again, other] = server.mails.map(({ parsed }) => parsed.messageId);
    expect(first).toMatch(/^<[0-9a-f]{40}@acme\.test>$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("keeps letters beyond ASCII, and says where an answer goes", async () => {
    const server = await mailServer();
    const text = "483920 är din kod för Åäö.";
    await to(server, { replyTo: "help@acme.test" }).send(anEmail({ text, subject: "Din kod för Åäö" }), patient());
    expect(server.mails[0]?.parsed).toMatchObject({
      text: `${text}\n`,
      subject: "Din kod för Åäö",
      replyTo: [{ address: "help@acme.test" }],
    });
  });

  it.each([
    "Code\r\nBcc: eve@evil.test",
    "Code\nBcc: eve@evil.test\n\nowned",
    "Code\rX-Evil: 1",
    "Code\u0000\u0085\u2028Bcc: eve@evil.test",
    "=?utf-8?Q?Code=0D=0ABcc:_eve@evil.test?=",
  ])("G08 gets no header out of its subject: %j", async (subject) => {
    const server = await mailServer();
    await to(server).send(anEmail({ subject }), patient());
    const [{ to: recipients, parsed } = expect.fail("nothing arrived")] = server.mails;
    expect(recipients).toEqual(["ada@example.com"]);
    expect(parsed.headers.map(({ key }) => key).sort()).toEqual([...HEADERS].sort());
  });

  it.each([
    "ada@example.com\r\nBcc: eve@evil.test",
    "ada@example.com, eve@evil.test",
    "ada@example.com;eve@evil.test",
    "ada@example.com> RCPT TO:<eve@evil.test",
    '"ada" <eve@evil.test>',
    "ada@example.com eve@evil.test",
    "ada＠example.com",
    "ada",
    "",
  ])("G09 goes to nobody when the recipient is not one address: %j", async (recipient) => {
    const server = await mailServer();
    expect(await failure(to(server), anEmail({ to: recipient }))).toMatchObject({ unsent: true, permanent: true });
    expect(server.mails).toEqual([]);
  });

  it("is refused when it is not an e-mail", async () => {
    expect(await failure(to({ port: 9 }), aMessage())).toMatchObject({ unsent: true, permanent: true });
  });

  it("cannot make nodemailer read files or addresses", async () => {
    const server = await mailServer();
    const text = { path: "/etc/hostname" } as unknown as string;
    await failure(to(server), anEmail({ text }));
    expect(server.mails).toEqual([]);
  });
});

describe("a failure", () => {
  const refusing = (code: number): Error => Object.assign(new Error("no <ada@example.com>"), { responseCode: code });

  it("to connect means unsent", async () => {
    const gone = await startMailServer();
    await gone.close();
    const error = await failure(to(gone));
    expect(error).toMatchObject({ unsent: true, permanent: false });
    expect(error.message).toContain("ESOCKET");
    expect(error.message).toContain(` failed at 127.0.0.1:${gone.port} (`);
    expect(await failure(smtp({ host: "no-such-host.invalid", from: FROM }))).toMatchObject({ unsent: true });
  });

  it("to log in means unsent, for good", async () => {
    const server = await mailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(new Error("no")),
    });
    const error = await failure(smtp({ url: `smtp://ada:hunter2@127.0.0.1:${server.port}`, from: FROM }));
    expect(error).toMatchObject({ unsent: true, permanent: true });
  });

  it.each([
    [450, false],
    [550, true],
  ])("of the recipient (%i) means unsent", async (code, permanent) => {
    const server = await mailServer({ onRcptTo: (_address, _session, done) => done(refusing(code)) });
    const error = await failure(to(server));
    expect(error).toMatchObject({ unsent: true, permanent });
    expect(error.message).toContain(String(code));
  });

  it.each([
    [451, false],
    [554, true],
  ])("of the content (%i) means unsent as well, as the server says so", async (code, permanent) => {
    const onData: NonNullable<Parameters<typeof startMailServer>[0]>["onData"] = (stream, _session, done) => {
      stream.resume();
      stream.on("end", () => done(refusing(code)));
    };
    expect(await failure(to(await mailServer({ onData })))).toMatchObject({ unsent: true, permanent });
  });

  it("of the connection before the content means unsent", async () => {
    for (const stage of ["greeting", "RCPT"] as const) {
      expect(await failure(to(await talker(stage, "cut")))).toMatchObject({ unsent: true, permanent: false });
    }
  });

  it("of the connection after the content leaves open what happened", async () => {
    expect(await failure(to(await talker("end", "cut")))).toMatchObject({ unsent: false });
  });

  it("of time before the content means unsent", async () => {
    for (const stage of ["greeting", "RCPT"] as const) {
      const error = await failure(to(await talker(stage, "hang")), anEmail(), 60);
      expect(error).toMatchObject({ unsent: true, permanent: false });
      expect(error.message).toContain("in time");
    }
  });

  it("of time after the content leaves open what happened, and hangs up", async () => {
    const server = await talker("end", "hang");
    expect(await failure(to(server), anEmail(), 60)).toMatchObject({ unsent: false });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it("of TLS means unsent: an unknown certificate, or none where one is required", async () => {
    const tls = await mailServer({ secure: true, ...selfSigned("localhost") });
    expect(await failure(smtp({ url: `smtps://127.0.0.1:${tls.port}`, from: FROM }))).toMatchObject({ unsent: true });
    const plain = await mailServer();
    expect(await failure(to(plain, { requireTls: true }))).toMatchObject({ unsent: true });
    expect([...tls.mails, ...plain.mails]).toEqual([]);
  });

  it("to find nodemailer says what to install", async () => {
    vi.resetModules();
    vi.doMock("nodemailer", () => {
      throw new Error("Cannot find package");
    });
    const { smtp: lonely } = await import("../../src/providers/smtp.js");
    const sending = (async () => lonely({ host: "localhost", from: FROM }).send(anEmail(), patient()))();
    await expect(sending).rejects.toMatchObject({ code: "misconfigured", message: /npm install nodemailer/ });
  });
});

describe("TLS", () => {
  it("is used over a certificate that is trusted", async () => {
    const pair = selfSigned("localhost");
    const server = await mailServer({ secure: true, ...pair });
    const provider = smtp({ host: "127.0.0.1", port: server.port, secure: true, from: FROM, tls: { ca: pair.cert } });
    await provider.send(anEmail(), patient());
    expect(server.mails).toHaveLength(1);
  });
});

describe("a configuration", () => {
  const refused = (options: object): string => {
    try {
      smtp(options as SmtpOptions);
    } catch (error) {
      expect(error).toMatchObject({ name: "TwoFactorError", code: "misconfigured" });
      return String(error);
    }
    return expect.fail("it was accepted");
  };

  it.each([
    {},
    { host: "" },
    { url: "mail.example.com" },
    { url: "http://mail.example.com" },
    { url: "smtp://mail.example.com/?tls.rejectUnauthorized=false" },
    { url: "smtp://ada:%E0%A4%A@mail.example.com" },
    { url: "smtp://mail.example.com", port: 25 },
    { host: "mail.example.com", port: 99_999 },
    { host: "mail.example.com", auth: { user: "ada" } },
  ])("is refused without one server: %j", (options) => {
    expect(refused({ from: FROM, ...options })).toMatch(/smtp\(/);
  });

  it.each([
    "",
    "Acme",
    "a@b.test, c@d.test",
    "A <a@b.test>\r\nBcc: <c@d.test>",
    "A\r\nBcc: c@d.test <a@b.test>",
    undefined,
  ])("is refused with %j as sender", (from) => {
    expect(refused({ host: "mail.example.com", from })).toContain("takes one address");
    expect(refused({ host: "mail.example.com", from: FROM, replyTo: from ?? "" })).toContain("takes one address");
  });

  it("is refused with an unknown option, or with certificates unchecked in production", () => {
    expect(refused({ hots: "x", from: FROM })).toContain('Did you mean "host"');
    vi.stubEnv("NODE_ENV", "production");
    expect(refused({ host: "x", from: FROM, tls: { rejectUnauthorized: false } })).toContain("tls.ca");
  });

  it("requires STARTTLS in production, but for this machine", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const server = await mailServer();
    await to(server).send(anEmail(), patient());
    expect(server.mails).toHaveLength(1);
    const { smtpSettings } = await import("../../src/providers/smtp-options.js");
    expect(smtpSettings({ host: "mail.example.com", from: FROM }).requireTls).toBe(true);
    expect(smtpSettings({ url: "smtps://mail.example.com", from: FROM })).toMatchObject({
      requireTls: false,
      secure: true,
    });
  });

  it("shows no password when it is inspected", () => {
    const provider = smtp({ url: "smtp://ada:hunter2@mail.example.com:587", from: FROM });
    expect(inspect(provider, { depth: null, showHidden: true }) + JSON.stringify(provider)).not.toContain("hunter2");
  });
});

/** Speaks just enough SMTP to hang up, or fall silent, at one point of the conversation. */
async function talker(
  stage: "greeting" | "RCPT" | "end",
  then: "cut" | "hang",
): Promise<{ port: number; open(): number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    const stop = (): void => void (then === "cut" && socket.resetAndDestroy());
    if (stage === "greeting") return stop();
    socket.write("220 talker\r\n");
    let inBody = false;
    socket.on("data", (data: Buffer) => {
      const text = data.toString();
      if (inBody) return text.includes("\r\n.\r\n") ? stop() : undefined;
      if (text.startsWith("RCPT") && stage === "RCPT") return stop();
      inBody = text.startsWith("DATA");
      socket.write(inBody ? "354 go on\r\n" : "250 yes\r\n");
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, open: () => sockets.size };
}
