// A phone in a page, steered from the test.
import { openPage } from "./browser.js";

/**
 * Complaints that a stack makes of itself. SIP.js plays what the 183 brought anew at the 200: its second play() interrupts
 * its first.
 */
const KNOWN = { sipjs: /sip\.SessionManager \| (\[\w+\] Failed to play remote media|The play\(\) request was interrupted by a new load request)/ };

/**
 * Opens a page of the customer with the phone `stack` (sdk, jssip, sipjs) and registers it. `account` is the answer of the
 * token endpoint, `how` one of the stack's ways to prove it, `onlyCodec` (PCMA, PCMU) all that the browser offers.
 * Rejects with the SIP status in its message when the registration is refused.
 */
export async function openPhone(browser, { customer, stack, account, how, onlyCodec }) {
  const page = await openPage(browser, { known: KNOWN[stack] });
  try {
    await page.goto(customer.url);
    await page.evaluate(async ({ stack, account, how, onlyCodec }) => {
      window.onlyCodec = onlyCodec;
      const { credentials, start } = await import(`/${stack}.js`);
      window.phone = await start(account, (credentials[how] ?? Object.values(credentials)[0])(account));
    }, { stack, account, how, onlyCodec });
  } catch (refused) {
    await page.context().close();
    throw refused;
  }
  return {
    page,
    call: (to) => page.evaluate((to) => void window.phone.call(to), to),
    accept: () => page.evaluate(() => void window.phone.accept()),
    hangup: () => page.evaluate(() => void window.phone.hangup()),
    /** Once the sound is connected: before that a browser has no way to press keys. */
    press: (keys) => page.evaluate(async (keys) => {
      await window.until(({ connected }) => connected);
      void window.phone.press(keys);
    }, keys),
    /** Waits for an event of the phone's history; its facts. */
    async sees(event) {
      const seen = await page.waitForFunction((event) => window.phone.log.find((entry) => entry.event === event), event, { polling: 20 });
      return seen.jsonValue();
    },
    close: () => page.context().close(),
  };
}
