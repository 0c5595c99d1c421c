import type { Provider } from "require2fa";
import { comapi } from "require2fa/comapi";
import { mitto } from "require2fa/mitto";
import { mobileresponse } from "require2fa/mobileresponse";
import { routee } from "require2fa/routee";
import { tokenApi } from "require2fa/token-api";

type Make = (url: string, value: (name: string) => string) => Provider;

/** Who carries text messages: whichever has its address in the environment, and all of them one after the other. */
const VENDORS: Readonly<Record<string, Make>> = {
  MITTO: (baseUrl, value) =>
    mitto({ baseUrl, accountSid: value("ACCOUNT_SID"), token: value("TOKEN"), service: "Fjord Bank", from: "Fjord" }),
  ROUTEE: (baseUrl, value) =>
    routee({ baseUrl, applicationId: value("APPLICATION_ID"), applicationSecret: value("APPLICATION_SECRET") }),
  COMAPI: (baseUrl, value) =>
    comapi({ baseUrl, username: value("USERNAME"), password: value("PASSWORD"), from: "Fjord" }),
  MOBILERESPONSE: (baseUrl, value) =>
    mobileresponse({ baseUrl, apiToken: value("API_TOKEN"), workflowId: value("WORKFLOW_ID") }),
  TOKEN_API: (baseUrl, value) => tokenApi({ baseUrl, apiKey: value("KEY") }),
};

/** `MITTO_URL` with `MITTO_ACCOUNT_SID` and `MITTO_TOKEN`, and so on for the others. */
export function carriersBy(env: NodeJS.ProcessEnv): Provider[] {
  return Object.entries(VENDORS).flatMap(([vendor, make]) => {
    const url = env[`${vendor}_URL`];
    return url === undefined || url === "" ? [] : [make(url, (name) => env[`${vendor}_${name}`] ?? "")];
  });
}
