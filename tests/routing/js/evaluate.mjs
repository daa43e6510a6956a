// Reads {payloads: [features, …], cases: [[feature, attributes], …]} from standard input and
// writes, per payload and case, what GrowthBook's JavaScript SDK makes of it:
// [value, source, variation key, variation name, bucket].
import { readFileSync } from "node:fs";
import { GrowthBookClient } from "@growthbook/growthbook";

const { payloads, cases } = JSON.parse(readFileSync(0, "utf8"));
const answers = payloads.map((features) => {
  const client = new GrowthBookClient().initSync({ payload: { features } });
  return cases.map(([feature, attributes]) => {
    const { value, source, experimentResult } = client.evalFeature(feature, { attributes });
    const { key, name, bucket } = experimentResult ?? {};
    return [value, source, key ?? null, name ?? null, bucket ?? null];
  });
});
process.stdout.write(JSON.stringify(answers));
