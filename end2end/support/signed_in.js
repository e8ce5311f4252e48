// A workspace whose owner is signed in, so that it can mint keys, with money to the cent.
import { Workspace, eventually, mailedLink } from "./workspace.js";

/**
 * Signs up, tops up by Paystack's simulator (M-Pesa takes whole shillings only), claims the number; `key` is an API key. `left` is
 * what shall be in the wallet once the number is paid.
 */
export async function signIn(url, { email, number, money = 1_000_000, left }) {
  const workspace = new Workspace(url);
  await workspace.post("/v1/auth/magic-link", { email }, 202);
  const link = new URL(await mailedLink(url, email));
  await workspace.post("/v1/auth/magic-link/verify", { token: link.searchParams.get("token") });
  await workspace.post("/v1/auth/onboarding", { name: "Juma", workspace_name: email, country: "KE", currency: "KES" }, 201);
  if (left !== undefined) {
    const available = await workspace.get("/v1/numbers/available?country=KE&currency=KES");
    money = available.find((one) => one.number === number).due_now_minor + left;
  }
  await workspace.post("/v1/wallet/top-ups", { method: "paystack", amount_minor: money }, 202);
  await eventually("the top-up", async () => (await workspace.balance()) === money);
  const { key } = await workspace.post("/v1/api-keys", { name: "end2end" }, 201);
  await workspace.claim(number);
  return { workspace, key };
}
