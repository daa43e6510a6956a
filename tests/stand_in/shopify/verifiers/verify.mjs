// Asks Shopify's own library whether it takes what the stand-in signs.
//
//     node verify.mjs < {"client_id", "client_secret", "checks": [...]}  → one answer per check
import "@shopify/shopify-api/adapters/node";
import { ApiVersion, LogSeverity, shopifyApi } from "@shopify/shopify-api";
import { text } from "node:stream/consumers";

const { client_id, client_secret, checks } = JSON.parse(await text(process.stdin));
const shopify = shopifyApi({
  apiKey: client_id,
  apiSecretKey: client_secret,
  apiVersion: ApiVersion.April26,
  hostName: "app.example.com",
  isEmbeddedApp: true,
  logger: { level: LogSeverity.Error, log: () => {} },
});

const checkers = {
  webhook: ({ body, headers }) =>
    shopify.webhooks.validate({
      rawBody: body,
      rawRequest: { method: "POST", url: "/webhooks", headers, socket: {} },
      rawResponse: {},
    }),
  appProxy: async ({ query }) => {
    const parsed = {};
    for (const [name, value] of new URLSearchParams(query)) {
      parsed[name] = name in parsed ? [parsed[name], value].flat() : value;
    }
    return { valid: await shopify.utils.validateHmac(parsed, { signator: "appProxy" }) };
  },
  token: async ({ token }) => ({ valid: true, ...(await shopify.session.decodeSessionToken(token)) }),
};

const answers = [];
for (const { kind, ...check } of checks) {
  try {
    answers.push(await checkers[kind](check));
  } catch (error) {
    answers.push({ valid: false, reason: error.message });
  }
}
console.log(JSON.stringify(answers));
