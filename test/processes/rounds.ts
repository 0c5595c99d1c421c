import { tally, type Answer } from "../helpers/burst.js";
import { burst, type Cluster } from "./cluster.js";
import { Person } from "./person.js";
import { codeAt } from "./totp.js";

/** How much a round of a race may hold; the least is what a cheap round takes. */
export interface Size {
  readonly guesses: number;
  readonly mixed: number;
  readonly rights: number;
  readonly starts: number;
  readonly logins: number;
}

export const FULL: Size = { guesses: 200, mixed: 200, rights: 50, starts: 50, logins: 30 };
export const SMALL: Size = { guesses: 8, mixed: 6, rights: 5, starts: 4, logins: 4 };

/** What went wrong in a round, in words, and whether the store was too slow to say how it should have ended. */
export interface Found {
  readonly faults: string[];
  readonly slow: boolean;
}

export type Round = (cluster: Cluster, size: Size) => Promise<Found>;

/** Compares for one challenge, and for an account before it is locked. */
const ALLOWED = 5;
const FAILURES = 10;
/** After so long a store is taken for dead, in milliseconds. */
const DEADLINE = 240;

/** A store that does not answer in time makes a 503, and then fewer things happen: more never. */
function judge(answers: readonly Answer[], faults: { never: Fault[]; unlessSlow?: Fault[] }, took = 0): Found {
  const slow = took > DEADLINE || answers.some(({ status }) => status === 503);
  const list = [...faults.never, ...(slow ? [] : (faults.unlessSlow ?? []))];
  const other = answers
    .filter(({ status }) => status >= 500 && status !== 503)
    .map(({ status }) => `an answer of ${status}`);
  return { faults: [...other, ...list.filter((each) => each !== "")], slow };
}

/** A sentence, or nothing. */
type Fault = string;

function most(what: string, found: number, bound: number): Fault {
  return found <= bound ? "" : `${what}: ${found} instead of at most ${bound}`;
}

function exactly(what: string, found: unknown, wanted: unknown): Fault {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  return is === should ? "" : `${what}: ${is} instead of ${should}`;
}

export function wrongCodes(right: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String((Number(right) + 1 + index) % 1_000_000).padStart(6, "0"));
}

/** How many of the sessions that this browser was ever given open the door. */
async function opened(person: Person, answers: readonly Answer[]): Promise<number> {
  const twins = new Map([[person.cookie, person]]);
  for (const answer of answers) {
    const twin = person.twin(answer);
    twins.set(twin.cookie, twin);
  }
  const doors = await Promise.all([...twins.values()].map((twin) => twin.sure(() => twin.vault())));
  return doors.filter(({ status }) => status === 200).length;
}

/** Wrong codes at all processes at once, then the right one. */
const guessing: Round = async (cluster, { guesses }) => {
  const person = new Person(cluster, cluster.newUser());
  const right = await person.asked();
  const codes = wrongCodes(right, guesses);
  const answers = await burst(codes.map((code) => person.request("POST", "/2fa/verify", { json: { code } })));
  const late = await person.verify(right);
  const door = await person.vault();
  await cluster.settle();
  const { ledger } = cluster;
  const compares = ledger.count("compared", person.challenge);
  return judge([...answers, late, door], {
    never: [
      most("compares", compares, ALLOWED),
      // a guess that the store was too slow for was none, and left its place to the right code
      most("grants", ledger.count("granted", person.user), late.status === 200 ? 1 : 0),
      most("the handler", ledger.count("hit", person.user), late.status === 200 ? 1 : 0),
    ],
    unlessSlow: [
      exactly("grants", ledger.count("granted", person.user), 0),
      exactly("compares", compares, ALLOWED),
      exactly("statuses", tally(answers), { 422: ALLOWED, 429: guesses - ALLOWED }),
      exactly("the right code afterwards", late.status, 429),
      exactly("the door", door.status, 401),
    ],
  });
};

/** The right code at all processes at once. */
const spending: Round = async (cluster, { rights }) => {
  const person = new Person(cluster, cluster.newUser());
  const code = await person.asked();
  const requests = Array.from({ length: rights }, () => person.request("POST", "/2fa/verify", { json: { code } }));
  const answers = await burst(requests);
  const doors = await opened(person, answers);
  await cluster.settle();
  const { ledger } = cluster;
  const [grants, fine] = [ledger.count("granted", person.user), tally(answers)[200] ?? 0];
  return judge(answers, {
    never: [
      most("grants", grants, 1),
      most("answers of 200", fine, 1),
      most("open sessions", doors, 1),
      most("compares", ledger.count("compared", person.challenge), ALLOWED),
    ],
    unlessSlow: [exactly("grants", grants, 1), exactly("answers of 200", fine, 1), exactly("open sessions", doors, 1)],
  });
};

/** One right code among wrong ones. */
const needle: Round = async (cluster, { mixed }) => {
  const person = new Person(cluster, cluster.newUser());
  const right = await person.asked();
  const codes = wrongCodes(right, mixed - 1);
  codes.splice(Math.floor(Math.random() * mixed), 0, right);
  const answers = await burst(codes.map((code) => person.request("POST", "/2fa/verify", { json: { code } })));
  await cluster.settle();
  const { ledger } = cluster;
  const [grants, fine] = [ledger.count("granted", person.user), tally(answers)[200] ?? 0];
  return judge(answers, {
    never: [
      most("compares", ledger.count("compared", person.challenge), ALLOWED),
      most("grants", grants, 1),
      most("answers of 200", fine, grants),
    ],
    unlessSlow: [exactly("answers of 200", fine, grants)],
  });
};

/** Wrong codes in many logins of one account at once: more than it has failures before the lock. */
const crowding: Round = async (cluster, { logins }) => {
  const user = cluster.newUser();
  const persons = Array.from({ length: logins }, () => new Person(cluster, user));
  const doors = await Promise.all(persons.map((each) => each.enter()));
  const codes = wrongCodes("000000", ALLOWED);
  const requests = persons.flatMap((each) =>
    codes.map((code) => each.request("POST", "/2fa/verify", { json: { code } })),
  );
  const answers = await burst(requests);
  const late = await persons[0]?.vault();
  await cluster.settle();
  const { ledger } = cluster;
  const compares = persons.reduce((sum, { challenge }) => sum + ledger.count("compared", challenge), 0);
  return judge([...doors, ...answers, ...(late ? [late] : [])], {
    never: [most("compares", compares, FAILURES), most("grants", ledger.count("granted", user), 0)],
    unlessSlow: [
      exactly("compares", compares, FAILURES),
      exactly("locks", ledger.count("locked", user), 1),
      exactly("the door", late?.status, 429),
    ],
  });
};

/** The same code of an authenticator app in many logins of one user. */
const sameStep: Round = async (cluster, { logins }) => {
  const user = cluster.newUser("totp");
  const persons = Array.from({ length: logins }, () => new Person(cluster, user));
  const doors = await Promise.all(persons.map((each) => each.enter()));
  const code = codeAt(Date.now());
  const answers = await burst(persons.map((each) => each.request("POST", "/2fa/verify", { json: { code } })));
  await cluster.settle();
  const grants = cluster.ledger.count("granted", user);
  const fine = tally(answers)[200] ?? 0;
  return judge([...doors, ...answers], {
    never: [most("grants", grants, 1), most("answers of 200", fine, 1)],
    unlessSlow: [exactly("grants", grants, 1), exactly("answers of 200", fine, 1)],
  });
};

/** One login asks for the code in many requests at once. */
const starting: Round = async (cluster, { starts }) => {
  const person = new Person(cluster, cluster.newUser());
  await person.send("POST", "/login", { user: person.user });
  const requests = Array.from({ length: starts }, () => person.request("POST", "/2fa/challenge", { json: {} }));
  const answers = await burst(requests);
  await cluster.settle();
  const { ledger } = cluster;
  const ids = new Set(answers.map(({ body }) => body["id"]).filter((id) => id !== undefined));
  const messages = ledger.sent(person.phone).length;
  return judge(answers, {
    never: [most("messages", messages, 1), most("challenges", ids.size, 1)],
    unlessSlow: [exactly("messages", messages, 1), exactly("statuses", tally(answers), { 201: starts })],
  });
};

async function pair(person: Person, others: Readonly<Record<string, string>>, code: string) {
  const requests = { verify: "/2fa/verify", ...others };
  const names = Object.keys(requests) as (keyof typeof requests)[];
  if (Math.random() < 0.5) names.reverse();
  const sent = names.map((name) => {
    const json = name === "verify" || name === "second" ? { code } : {};
    return person.request("POST", requests[name] ?? "", { json });
  });
  const answers = await burst(sent);
  const status = Object.fromEntries(names.map((name, index) => [name, answers[index]?.status ?? 0]));
  return { answers, status: status as Record<string, number> };
}

function allowed(status: Record<string, number>, ...outcomes: Record<string, readonly number[]>[]): Fault {
  const fits = outcomes.some((outcome) =>
    Object.entries(outcome).every(([name, wanted]) => wanted.includes(status[name] ?? 0)),
  );
  return fits ? "" : `no allowed outcome: ${JSON.stringify(status)}`;
}

/** The right code and a cancel. */
const canceling: Round = async (cluster) => {
  const person = new Person(cluster, cluster.newUser());
  const code = await person.asked();
  const { status, answers } = await pair(person, { cancel: "/2fa/cancel" }, code);
  const doors = await opened(person, answers);
  const both = status["verify"] === 200 && status["cancel"] === 204;
  return judge(answers, {
    never: [both ? "the challenge was canceled, and its code taken" : "", most("open sessions", doors, 1)],
    unlessSlow: [
      allowed(status, { verify: [200], cancel: [404, 401] }, { verify: [404], cancel: [204] }),
      exactly("open sessions", doors, status["verify"] === 200 ? 1 : 0),
    ],
  });
};

/** The right code and a logout. */
const leaving: Round = async (cluster) => {
  const person = new Person(cluster, cluster.newUser());
  const code = await person.asked();
  const began = performance.now();
  const { status, answers } = await pair(person, { logout: "/logout" }, code);
  const took = performance.now() - began;
  const doors = await opened(person, answers);
  const unlessSlow = [
    // a store that is down prevents no logout: then nobody can be told of it who is verifying elsewhere
    status["logout"] === 204 ? most("open sessions after the logout", doors, 0) : "",
    // a logout that came too late, with the id from before, found nobody
    allowed(status, { verify: [200, 401, 404], logout: [204] }, { verify: [200], logout: [401] }),
  ];
  return judge(answers, { never: [most("open sessions", doors, 1)], unlessSlow }, took);
};

/** The right code, the same once more, and a resend. */
const resending: Round = async (cluster) => {
  const person = new Person(cluster, cluster.newUser());
  const code = await person.asked();
  const { status, answers } = await pair(person, { second: "/2fa/verify", resend: "/2fa/resend" }, code);
  const doors = await opened(person, answers);
  await cluster.settle();
  const grants = cluster.ledger.count("granted", person.user);
  return judge(answers, {
    never: [most("grants", grants, 1), most("open sessions", doors, 1)],
    unlessSlow: [
      exactly("grants", grants, 1),
      exactly("messages", cluster.ledger.sent(person.phone).length, 1),
      allowed(status, { verify: [200], second: [401, 404, 409] }, { verify: [401, 404, 409], second: [200] }),
    ],
  });
};

/** The same webhook of a carrier, again and again: told once, and every time with thanks. */
const reporting: Round = async (cluster, { rights }) => {
  const person = new Person(cluster, cluster.newUser());
  await person.asked();
  const { ledger } = cluster;
  const message = ledger.sent(person.phone).at(-1)?.key;
  const json = { id: `webhook of ${person.challenge}`, receipts: [{ message, status: "delivered" }] };
  const stranger = new Person(cluster, "nobody-0");
  const posts = Array.from({ length: rights }, () => stranger.request("POST", "/2fa/receipts/carrier", { json }));
  const answers = await burst(posts);
  await cluster.settle();
  const told = ledger.count("receipt", person.challenge);
  return judge(answers, {
    never: [most("events", told, 1)],
    unlessSlow: [exactly("events", told, 1), exactly("statuses", tally(answers), { 200: rights })],
  });
};

/** Every race between processes, by its row. */
export const ROUNDS: Readonly<Record<string, Round>> = {
  "D01 wrong codes": guessing,
  "D02 the right code, many times": spending,
  "D03 one right code among wrong ones": needle,
  "C03 D03 wrong codes in many logins of one account": crowding,
  "D05 the code of an authenticator app, in many logins": sameStep,
  "D06 the right code and a cancel": canceling,
  "D06 the right code and a logout": leaving,
  "D06 the right code twice and a resend": resending,
  "D07 starts of one login": starting,
  "D10 a webhook, many times": reporting,
};
