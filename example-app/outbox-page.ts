import type { RequestHandler } from "express";
import { html, type Markup, sendPage, wantsPage } from "./layout.js";
import type { Outbox } from "./messages.js";

type Sent = Outbox["messages"][number];

/** A new message appears by itself, as on a phone. */
const LISTEN = `
const here = document.getElementById("messages");
async function look() {
  const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const there = page.getElementById("messages");
  if (answer.ok && there && there.innerHTML !== here.innerHTML) here.replaceChildren(...there.childNodes);
}
setInterval(() => { if (!document.hidden) look().catch(() => {}); }, 1500);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look().catch(() => {}); });
`;

const CHANNELS = { sms: "Text message", voice: "Call", email: "Email" } as const;

/** What was sent: for programs a list, for people the phone it would have arrived on. Every code is in clear. */
export function showOutbox(outbox: Outbox): RequestHandler {
  return (req, res) => {
    const { messages } = outbox;
    res.vary("Accept");
    if (!wantsPage(req)) return void res.set("Cache-Control", "no-store").json(messages);
    sendPage(res, { title: "Outbox", script: LISTEN, body: phone(messages) });
  };
}

function phone(messages: readonly Sent[]): Markup {
  return html`<section class="phone" aria-labelledby="phone">
      <div class="bar"></div>
      <div class="head">
        <h1 id="phone">Messages</h1>
        <p class="fine">Everything the bank has sent, to anybody. None of it went out.</p>
      </div>
      <div id="messages" role="log" aria-label="Messages, newest first" tabindex="0">
        ${
          messages.length === 0
            ? html`<p class="empty">No message yet. Open the vault, or transfer some money.</p>`
            : html`<ol class="messages" role="list">
                ${messages.map(bubble)}
              </ol>`
        }
      </div>
    </section>
    <p class="phone-foot"><a href="/">Back to the bank</a></p>`;
}

function bubble({ to, channel, text, at }: Sent): Markup {
  const [, before = "", code = "", after = ""] = /^(.*?)\b(\d{6,10})\b([^]*)$/.exec(text) ?? [undefined, text];
  const time = new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return html`<li>
    <p class="to"><span>${CHANNELS[channel]} to ${to}</span> <time datetime="${at}">${time}</time></p>
    <p class="bubble">${before}<strong>${code}</strong>${after}</p>
  </li>`;
}
