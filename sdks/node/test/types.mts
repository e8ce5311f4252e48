// Compiled, never run: what ES modules find.
import { Sautikit, webhooks, type Answer, type Call, type Page } from "sautikit";
// @ts-expect-error there is no default export
import nothing from "sautikit";

export async function taken(client: Sautikit): Promise<unknown> {
  const list: Promise<Page<Call>> = client.calls.list();
  for await (const call of await list.catch(() => client.calls.list())) if (call.cost_minor === null) continue;
  const { headers }: Answer<string> = await client.audit.export().withResponse();
  webhooks.express(process.env.SECRET);
  webhooks.verify(new ArrayBuffer(1), null, "secret");
  return [nothing, headers];
}
