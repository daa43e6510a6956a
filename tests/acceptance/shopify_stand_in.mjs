// Runs an example of docs/storefront.md as a page of the shop would: with Shopify's objects, and
// with an app proxy that signs as shopify.dev describes it.
//
//     node shopify_stand_in.mjs <example's text> <expression to answer>
import { createHmac } from "node:crypto";

const { GATEWAY, SHOP, SECRET, ALLOWED, TOKEN } = process.env;
const stored = new Map();
const allow = () => ALLOWED === "1";
const send = globalThis.fetch;

function signed(search) {
  const query = new URLSearchParams(search);
  query.set("shop", SHOP);
  query.set("logged_in_customer_id", "");
  query.set("path_prefix", "/apps/ml");
  query.set("timestamp", String(Math.floor(Date.now() / 1000)));
  const names = [...new Set(query.keys())];
  const message = names.map((name) => `${name}=${query.getAll(name).join(",")}`).sort().join("");
  query.set("signature", createHmac("sha256", SECRET).update(message).digest("hex"));
  return query;
}

globalThis.GATEWAY = GATEWAY;
globalThis.sessionToken = { get: async () => TOKEN };
globalThis.localStorage = {
  getItem: (name) => stored.get(name) ?? null,
  setItem: (name, value) => stored.set(name, value),
};
globalThis.window = {
  Shopify: {
    customerPrivacy: {
      analyticsProcessingAllowed: allow,
      marketingAllowed: allow,
      preferencesProcessingAllowed: allow,
      saleOfDataAllowed: allow,
    },
  },
};
globalThis.fetch = (address, options) => {
  if (!address.startsWith("/apps/ml/")) return send(address, options);
  const { pathname, search } = new URL(address, `https://${SHOP}`);
  const path = pathname.replace("/apps/ml/", "/proxy/");
  return send(`${GATEWAY}${path}?${signed(search)}`, options);
};

const [text, expression] = process.argv.slice(2);
const answer = await (0, eval)(`${text}\n(async () => ${expression})()`);
console.log(JSON.stringify(answer));
