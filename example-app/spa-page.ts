import type { Response } from "express";
import { html, icon, sendPage } from "./layout.js";
import { type Ledger, money } from "./ledger.js";
import type { User } from "./users.js";

/** All there is to do in a front end: `fetch2fa` in place of `fetch`. */
const SCRIPT = `
import { with2fa } from "/app/require2fa/index.js";

const fetch2fa = with2fa(fetch);
const at = (id) => document.getElementById(id);

at("open").addEventListener("click", async () => {
  const answer = await fetch2fa("/api/vault");
  if (!answer.ok) return tell("The vault stays closed.");
  const { vault } = await answer.json();
  at("things").replaceChildren(...vault.map((thing) => item([thing, "name"])));
  at("things").hidden = false;
  at("open").remove();
  tell("The vault is open.");
});

at("transfer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(at("transfer")));
  const answer = await fetch2fa("/api/transfer", { method: "POST", body });
  const { transfer, balance, error } = await answer.json();
  if (!transfer) return tell(error ?? "Nothing was transferred.");
  at("transfer").reset();
  at("balance").textContent = euro.format(balance);
  at("done").prepend(item([transfer.payee, "name"], ["−" + euro.format(transfer.amount), "amount"]));
  at("none")?.remove();
  tell(euro.format(transfer.amount) + " went to " + transfer.payee + ".");
});

const euro = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

function tell(text) {
  at("told").textContent = text;
  at("told").hidden = false;
}

function item(...words) {
  const row = document.createElement("li");
  row.append(...words.flatMap(([textContent, className]) => [
    Object.assign(document.createElement("span"), { textContent, className }), " ",
  ]));
  return row;
}
`;

export function showSpa(res: Response, user: User, ledger: Ledger): void {
  const transfers = ledger.transfersOf(user.id);
  const body = html`<div class="columns">
    <div class="stack">
      <section class="card hero">
        <h1>Current account</h1>
        <p class="balance" id="balance">${money(ledger.balanceOf(user.id))}</p>
        <p>All of it on one page, ${user.name.split(" ")[0]}.</p>
      </section>
      <p class="note" role="status" id="told" hidden></p>
      <section class="card" aria-labelledby="transfers">
        <h2 id="transfers" class="card-title">${icon("transfer")}Transfer money</h2>
        <form id="transfer" class="fields" autocomplete="off">
          <div class="pair">
            <div>
              <label for="amount">Amount (€)</label>
              <input id="amount" name="amount" inputmode="decimal" maxlength="12" required />
            </div>
            <div>
              <label for="payee">Payee</label>
              <input id="payee" name="payee" maxlength="100" required />
            </div>
          </div>
          <button type="submit">Transfer</button>
        </form>
      </section>
    </div>
    <div class="stack">
      <section class="card" aria-labelledby="vault">
        <h2 id="vault" class="card-title">${icon("lock")}Your vault</h2>
        <ul class="rows" role="list" id="things" hidden></ul>
        <button type="button" id="open">Open the vault</button>
      </section>
      <section class="card" aria-labelledby="history">
        <h2 id="history" class="card-title">${icon("list")}Transfers</h2>
        <ul class="rows" role="list" id="done">
          ${transfers.length === 0 && html`<li class="lead" id="none">None yet.</li>`}
          ${transfers.map(
            ({ payee, cents }) =>
              html`<li><span class="name">${payee}</span> <span class="amount">−${money(cents)}</span></li>`,
          )}
        </ul>
      </section>
      <p><a class="button quiet" href="/">Back to the pages</a></p>
    </div>
  </div>`;
  sendPage(res, { title: "The app", user, body, script: SCRIPT, isModule: true });
}
