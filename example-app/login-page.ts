import type { Response } from "express";
import { html, icon, sendPage } from "./layout.js";

/** The home page of somebody who is not logged in; with a name, of somebody who got the password wrong. */
export function showLogin(res: Response, wrong?: { readonly username: string }): void {
  const body = html`<div class="columns">
    <div class="stack">
      <h1>A bank that asks twice.</h1>
      <p class="lead">
        Log in with a password. What matters asks for a second factor when you get there: the vault once in a quarter of
        an hour, every transfer on its own.
      </p>
      <section class="card" aria-labelledby="people">
        <h2 id="people" class="card-title">${icon("people")}Two customers to try</h2>
        <dl class="people">
          <dt><code>ada</code> / <code>lovelace</code></dt>
          <dd>Codes by text message or email.</dd>
          <dt><code>grace</code> / <code>hopper</code></dt>
          <dd>An authenticator app too, with the secret <code>JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP</code>.</dd>
        </dl>
      </section>
    </div>
    <section class="card" aria-labelledby="login">
      <h2 id="login" class="card-title">${icon("lock")}Log in</h2>
      ${wrong && html`<p class="alert" role="alert" id="wrong">Wrong username or password.</p>`}
      <form method="post" action="/login" class="fields">
        <div>
          <label for="username">Username</label>
          <input
            id="username"
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck="false"
            maxlength="50"
            required
            value="${wrong?.username}"
          />
        </div>
        <div>
          <label for="password">Password</label>
          <input
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            maxlength="200"
            required
            ${wrong && html`aria-describedby="wrong"`}
          />
        </div>
        <button type="submit">Log in</button>
      </form>
    </section>
  </div>`;
  sendPage(res, { title: wrong ? "Wrong username or password" : "Welcome", status: wrong ? 401 : 200, body });
}
