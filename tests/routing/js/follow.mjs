// Follows a control plane as a shop's page would: GrowthBook's JavaScript SDK with streaming.
// First line of standard input: {url, key, feature, users}. Each further line: a step's
// {user, serve, name}. Once that user is served so, writes what each user is served, as a line.
import { createInterface } from "node:readline";
import { GrowthBookClient, setPolyfills } from "@growthbook/growthbook";
import { EventSource } from "eventsource";

setPolyfills({ EventSource });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};
const { url, key, feature, users } = await read();
const client = new GrowthBookClient({ apiHost: url, clientKey: key });
await client.init({ streaming: true });
const answer = (attributes) => {
  const { value, experimentResult } = client.evalFeature(feature, { attributes });
  return [value?.serve ?? null, experimentResult?.name ?? null];
};
for (let step = await read(); step !== null; step = await read()) {
  const end = Date.now() + 20_000;
  while (JSON.stringify(answer(step.user)) !== JSON.stringify([step.serve, step.name])) {
    if (Date.now() > end) throw new Error(`never served ${JSON.stringify(step)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  process.stdout.write(JSON.stringify(users.map(answer)) + "\n");
}
process.exit(0);
