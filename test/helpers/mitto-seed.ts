import { SID } from "./mitto-world.js";

/**
 * The commands and answers of the document "2FA Use Cases", which are the contract. Where a command came out of the
 * page broken (page numbers in it, curly quotes around it, an ampersand without quotes), only that is put right.
 */
export const COMMANDS = {
  send: String.raw`curl -X POST \
'https://cpaas.mittoapi.com/2fa/send' \
--user ' \{your_account_SID}:\{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d '{ \
"service" : "2FA",
"from" : "XXXXXXXXXXX",
"to" : "ZZZZZZZZZZZ",
"body": "Your verification code is: \{code}"
}'`,
  sendWithLimits: String.raw`curl -X POST \
'https://cpaas.mittoapi.com/2fa/send' \
--user ' \{your_account_SID}:\{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d '{
"service" : "2FA",
"from" : "XXXXXXXXXXX",
"to" : "ZZZZZZZZZZZ",
"body": "Your verification code is: \{code}",
"limits" : { "limit_on_ip": "127.0.0.1", "limit_on_phone": "+919960639901" }
}'`,
  // dashes, quotes and the end are the page's; the rest is as it stands there
  verify: String.raw`curl -X POST \
https://cpaas.mittoapi.com/2fa/verify \
--user ' \{your_account_SID}:\{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d '{
"service" : "2FA",
"requestId" : "OTPYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY",
"code": "XXXXXX"
}'`,
  cancel: String.raw`curl -X POST 'https://cpaas.mittoapi.com/2fa/cancel.json' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d 'requestId=OTPb6eb071d21124dbab20b095c25f1274f' \
-d 'accountSid=AC123461724187287abcbas791282cf' \
-u 'YourAccountSid:YourAuthToken'`,
  search: String.raw`curl -X GET \
'https://cpaas.mittoapi.com/2fa/search' \
--user ' {your_account_SID}:{your_account_token}' \
-d '{
"pageSize": "2", "page":"0", "status":"success"
}'`,
  record: String.raw`curl -X GET 'https://cpaas.mittoapi.com/2fa/search/{OTPSid}.json'  \
-u 'YourAccountSid:YourAuthToken'`,
  usage: String.raw`curl -X GET 'https://cpaas.mittoapi.com/2fa/usage/records.json?startDate=2020-01-01&endDate=2020-01-31'  \
-u 'YourAccountSid:YourAuthToken'`,
  usageOfChannel: String.raw`curl -X GET 'https://cpaas.mittoapi.com/2fa/usage/records.channel=call&startDate=2020-01-01&endDate=2020-01-31'  \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
`,
  usageDaily: String.raw`curl -X GET 'https://cpaas.mittoapi.com/2fa/usage/records/daily.json'  \
-u 'YourAccountSid:YourAuthToken'`,
  createLimit: String.raw`curl -X POST \
'https://cpaas.mittoapi.com/2fa/limits' \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d '{
"name": "limit_on_phonenumber",
"buckets": "[{ \"name\":\"bucket1\", \"max\":\"1\", \"interval\":\"30\"},{ \"name\":\"bucket2\",
\"max\":\"2\", \"interval\":\"300\"}]",
"description": "limit on Phone Number"
}'`,
  updateLimit: String.raw`curl -X PUT \
'https://cpaas.mittoapi.com/2fa/limits/LM88170d5b0e1f4eb3ad724ffc8131c9c1' \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d '{
"buckets":"[{\"name\":\"bucket1\", \"max\":\"1\", \"interval\":\"30\"},{\"name\":\"bucket2\",
\"max\":\"2\", \"interval\":\"300\"}]",
"description": "limit on Phone Number of receiver blabla"
}'`,
  deleteLimit: String.raw`curl -X DELETE \
'https://cpaas.mittoapi.com/2fa/limits/LM4d9cfa53230848199d787a99f1b431a4' \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
`,
  listLimits: String.raw`curl -X GET \
'https://cpaas.mittoapi.com/2fa/limits/search?pageSize=2&page=0' \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
`,
  oneLimit: String.raw`curl -X GET \
'https://cpaas.mittoapi.com/2fa/limits/search/LM88170d5b0e1f4eb3ad724ffc8131c9c1' \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
`,
  createWorkflow: String.raw`curl -X POST \
https://cpaas.mittoapi.com/2fa/workflows \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d '{
"name": "Workflow SSV",
"channels": "[{ \"channel\":\"sms\", \"interval\":\"0\"}, { \"channel\":\"sms\", \"interval\":\"60\"}, { \"channel\":\"voice\", \"interval\":\"60\"}]",
"description": "Workflow to send SMS, SMS and then Voice"
}'`,
  updateWorkflow: String.raw`curl -X PUT \
https://cpaas.mittoapi.com/2fa/workflows/WFe7d332c72d2f40b9bfe8982425af14bc \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
-d '{
"channels": "[{ \"channel\":\"sms\", \"interval\":\"0\"}, { \"channel\":\"sms\", \"interval\":\"60\"}, { \"channel\":\"voice\", \"interval\":\"120\"}]",
"description": "Workflow to send SMS, SMS and then Voice after double the time period"
}'`,
  deleteWorkflow: String.raw`curl -X DELETE \
https://cpaas.mittoapi.com/2fa/workflows/WFe7d332c72d2f40b9bfe8982425af14bc \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
`,
  listWorkflows: String.raw`curl -X GET \
'https://cpaas.mittoapi.com/2fa/workflows/search?pageSize=2&page=0' \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
`,
  oneWorkflow: String.raw`curl -X GET \
https://cpaas.mittoapi.com/2fa/workflows/search/WF88170d5b0e1f4eb3ad724ffc8131c9c1 \
--user ' {your_account_SID}:{your_account_token}' \
-H 'Cache-Control: no-cache' \
-H 'Content-Type: application/json' \
`,
} as const;

/** A command with its placeholders filled: where the API is, who calls, and what else `values` names. */
export function filled(command: string, url: string, values: Readonly<Record<string, string>> = {}): string {
  let text: string = command
    .replaceAll("https://cpaas.mittoapi.com", url)
    .replaceAll(/\\?\{your_account_SID\}/g, SID)
    .replaceAll(/\\?\{your_account_token\}/g, "tok")
    .replaceAll("YourAccountSid", SID)
    .replaceAll("YourAuthToken", "tok")
    .replaceAll("XXXXXXXXXXX", "12012751398")
    .replaceAll("ZZZZZZZZZZZ", "919960639901")
    .replaceAll("AC123461724187287abcbas791282cf", SID);
  for (const [placeholder, value] of Object.entries(values)) text = text.replaceAll(placeholder, value);
  return text;
}

const BUCKETS = '[{"name":"bucket1", "max":"1", "interval":"30"},{"name":"bucket2", "max":"2", "interval":"300"}]';

const limit = {
  sid: "LM88170d5b0e1f4eb3ad724ffc8131c9c1",
  name: "limit_on_Session",
  buckets: BUCKETS,
  description: "limit on Phone Number of receiver blabla",
  accountSid: "AC23f1b11bbb99a46436c365cb7bec246e",
  uri: "/2fa/limits/search/LM88170d5b0e1f4eb3ad724ffc8131c9c1",
};

const workflow = {
  sid: "WFe7d332c72d2f40b9bfe8982425af14bc",
  name: "Workflow SSV",
  channels: [
    { channel: "sms", interval: "0" },
    { channel: "sms", interval: "60" },
    { channel: "voice", interval: "60" },
  ],
  description: "Workflow to send SMS, SMS and then Voice",
  accountSid: "AC23f1b11bbb99a46436c365cb7bec246e",
  accountEmail: "jane.doe@yourcompany.com",
  targetAccountSid: "AC23f1b11bbb99a46436c365cb7bec246e",
  targetAccountEmail: "jane.doe@yourcompany.com",
  uri: "/2fa/workflows/search/WFe7d332c72d2f40b9bfe8982425af14bc",
};

function page(path: string, ...result: object[]): object {
  const uri = `${path}?pageSize=10&page=0`;
  const counted = { pageSize: 10, total: 2, page: 0, numPages: 1, start: 0, end: 1 };
  return { data: { result, ...counted, firstPageUri: uri, uri }, code: 200, message: "OK" };
}

const record = {
  sid: "OTP02a7c56a08374eedb8789a1a038e7aae",
  service: "2FA",
  accountSid: "ACae6e420f425248d6a26948c17a9e2acf",
  dateCreated: "2019-08-20 02:43:11",
  dateUpdated: "2019-08-20 02:43:52",
  status: "success",
  uri: "/2fa/search/OTP02a7c56a08374eedb8789a1a038e7aae",
  checks: [
    {
      sid: "OTC969ccb83b3cf40328c66719039c3b337",
      dateReceived: "2019-08-20 02:43:31",
      status: "invalid",
      code: "847992",
    },
    {
      sid: "OTC6991f661e3354a6fa1e0393c95168069",
      dateReceived: "2019-08-20 02:43:52",
      status: "valid",
      code: "347469",
    },
  ],
  events: [
    {
      sid: "OTEb6f211a28ed0412bb2c097a428d2ad5a",
      dateCreated: "2019-08-20 02:43:11",
      channel: "sms",
      sender: "12012751398",
      recipient: "919960639901",
      targetSid: "SM286fa07039ab498d80bd44d4cc91ac3c",
      channelStatus: "failed",
      channelErrorCode: null,
      channelErrorMessage: null,
    },
  ],
};

/** The documents' answers, as JSON that parses. */
export const ANSWERS = {
  ok: { code: 200, message: "OK", requestID: "OTPYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY" },
  canceled: { code: 200, message: "canceled", requestID: "OTPabc2128918293123413216549879" },
  search: {
    page: 0,
    num_pages: 3,
    page_size: 2,
    total: 6,
    start: 0,
    end: 1,
    uri: "/2fa/search",
    first_page_uri: "/2fa/search?pageSize=2&page=0&accountSid=ACae6e420f425248d6a26948c17a9e2acf&status=success",
    previous_page_uri: null,
    next_page_uri: "/2fa/search?pageSize=2&page=1&accountSid=ACae6e420f425248d6a26948c17a9e2acf&status=success",
    twoFaOtpSdrs: [record],
  },
  record,
  usage: {
    usageRecords: [
      {
        channel: "All",
        description: "Total OTP sent, irrespective of channel or retry",
        accountSid: "ACae6e420f425248d6a26948c17a9e2acf",
        startTime: "2020-01-01",
        endTime: "2020-01-31",
        count: "14",
        unit: "OTP",
        uri: "/2fa/usage/records?startTime=2020-01-01&endTime=2020-01-31&accountSid=ACae6e420f425248d6a26948c17a9e2acf",
      },
    ],
  },
  usageOfChannel: {
    usageRecords: [
      {
        category: "call",
        description: "Total calls made for OTP",
        accountSid: "ACae6e420f425248d6a26948c17a9e2acf",
        startDate: "2019-07-01",
        endDate: "2019-07-23",
        count: "1249",
        unit: "Calls",
        uri: "/2fa/usage/record?channel=call&startDate=2019-07-01&endDate=2019-07-23",
      },
    ],
  },
  limit: { data: limit, code: 200, message: "OK" },
  limits: page("/2falimits/search/", limit, limit),
  limitExists: { code: 492, message: "Limit with that Name already exists", requestID: null },
  unknownLimit: { code: 493, message: "Invalid Limit Id", requestID: null },
  workflow: { data: workflow, code: 200, message: "OK" },
  workflows: page("/workflows/search/", workflow, workflow),
  workflowExists: { code: 495, message: "Workflow with that name already exists", requestID: null },
  unknownWorkflow: { code: 499, message: "Invalid Workflow Id", requestID: null },
} as const;

/**
 * How an answer differs from an example in its form: names of fields, their order, and kinds of values. A null stands
 * for a text that is not there. Every item of a list is held against the example's first.
 */
export function formOf(answer: unknown, example: unknown, at = "answer"): string[] {
  const [is, should] = [kindOf(answer), kindOf(example)];
  if ((is === "null" && should === "string") || (is === "string" && should === "null")) return [];
  if (is !== should) return [`${at} is ${is} instead of ${should}`];
  if (Array.isArray(answer) && Array.isArray(example)) {
    return example.length === 0 ? [] : answer.flatMap((each, index) => formOf(each, example[0], `${at}[${index}]`));
  }
  if (is !== "object") return [];
  const [mine, theirs] = [Object.entries(answer as object), Object.entries(example as object)];
  const names = [mine, theirs].map((entries) => entries.map(([name]) => name).join());
  if (names[0] !== names[1]) return [`${at} has ${names[0]} instead of ${names[1]}`];
  return mine.flatMap(([name, value], index) => formOf(value, theirs[index]?.[1], `${at}.${name}`));
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
}
