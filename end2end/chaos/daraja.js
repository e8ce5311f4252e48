// Daraja as a process of its own, which lives through the kills of whoever asks it: takes pushes, answers questions, tells of
// payments late, twice, in any order or not at all, and keeps its own statement of what it received. Forked by `money.js`.
import { once } from "node:events";
import { createServer, request } from "node:http";
import { pathToFileURL } from "node:url";

export const SHORTCODE = "600638";
/** How M-Pesa calls back from an address of its list, and from another one. */
export const LISTED = "127.0.0.1";
const UNLISTED = "127.0.0.2";
/** A message is told again until it is heard: the server may be down for seconds. */
const AGAIN_MS = 400;
/** The longest that anything is late. */
const LATE_MS = 5_000;
/** A payer thinks for so long. */
const THINKS_MS = [200, 2_500];
/** A push that Daraja's own machines lose the answer of takes so long. */
const HANGS_MS = 2_000;

const between = ([least, most]) => least + Math.random() * (most - least);
const happens = (share) => Math.random() < share;
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** `YYYYMMDDHHMMSS` and `DD-MM-YYYY HH:MM:SS`, in East Africa Time. */
const local = (moment) => new Date(moment + 3 * 3_600_000).toISOString();
const stamp = (moment) => local(moment).slice(0, 19).replace(/[-T:]/g, "");
const written = (moment) => local(moment).replace(/^(\d{4})-(\d{2})-(\d{2})T(.{8}).*/, "$3-$2-$1 $4");

/** One message; true once it was heard. */
const tell = (url, body, from) => new Promise((resolve) => {
  const text = JSON.stringify(body);
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
  const post = request(url, { method: "POST", headers, localAddress: from, timeout: 3_000 }, (response) => {
    response.resume();
    response.once("end", () => resolve(response.statusCode === 200));
    response.once("error", () => resolve(false));
  });
  post.once("error", () => resolve(false));
  post.once("timeout", () => post.destroy());
  post.end(text);
});

export class Daraja {
  /** What M-Pesa received, in order. */
  #received = [];
  /** By CheckoutRequestID. */
  #pushes = new Map();
  #urls;
  #untold = 0;
  figures = { pushes: 0, paid: 0, refused: 0, told: 0, told_twice: 0, callbacks_never_told: 0, from_elsewhere: 0, inquiries: 0 };

  /** Tells late, again until it is heard, and in half of the cases twice. */
  async #tells(url, body, from = LISTED) {
    this.#untold += 1;
    const times = happens(0.5) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      await wait(Math.random() * LATE_MS);
      while (!(await tell(url, body, from))) await wait(AGAIN_MS);
      this.figures.told += 1;
    }
    if (times === 2) this.figures.told_twice += 1;
    this.#untold -= 1;
  }

  #receive(reference, amount, phone) {
    const place = this.#received.length;
    const payment = { receipt: `SKT${place.toString(36).toUpperCase().padStart(7, "0")}`, reference, amount, phone, at: Date.now() };
    this.#received.push(payment);
    this.figures.paid += 1;
    return payment;
  }

  #confirms({ receipt, reference, amount, phone, at }) {
    const isElsewhere = happens(0.2);
    if (isElsewhere) this.figures.from_elsewhere += 1;
    return this.#tells(this.#urls.ConfirmationURL, {
      TransactionType: "Pay Bill", TransID: receipt, TransTime: stamp(at), TransAmount: `${amount}.00`, BusinessShortCode: SHORTCODE,
      BillRefNumber: reference, InvoiceNumber: "", OrgAccountBalance: "1.00", ThirdPartyTransID: "", MSISDN: phone, FirstName: "ASHA",
    }, isElsewhere ? UNLISTED : LISTED);
  }

  /** Somebody pays to the Paybill; the receipt. */
  pay({ reference, amount, phone }) {
    const payment = this.#receive(reference, amount, phone);
    this.#confirms(payment);
    return payment.receipt;
  }

  async #push(body) {
    const id = `ws_CO_${String(this.#pushes.size).padStart(20, "0")}`;
    const push = { id, end: undefined };
    this.#pushes.set(id, push);
    this.figures.pushes += 1;
    await wait(between(THINKS_MS));
    const failure = happens(0.25) ? [1, 1032, 1037, 2001][Math.floor(Math.random() * 4)] : 0;
    const head = { MerchantRequestID: "29115-1", CheckoutRequestID: id, ResultCode: failure, ResultDesc: "in words" };
    push.end = failure;
    // The callback is told once, in whatever state whoever it is for is, or never; the money is confirmed anyhow.
    const told = happens(0.7);
    if (!told) this.figures.callbacks_never_told += 1;
    if (failure) {
      this.figures.refused += 1;
      if (told) this.#tells(body.CallBackURL, { Body: { stkCallback: head } });
      return;
    }
    const payment = this.#receive(body.AccountReference, body.Amount, body.PhoneNumber);
    const items = [{ Name: "Amount", Value: body.Amount }, { Name: "MpesaReceiptNumber", Value: payment.receipt },
      { Name: "Balance" }, { Name: "PhoneNumber", Value: Number(body.PhoneNumber) }];
    if (told) this.#tells(body.CallBackURL, { Body: { stkCallback: { ...head, CallbackMetadata: { Item: items } } } });
    this.#confirms(payment);
  }

  #inquire(body) {
    this.figures.inquiries += 1;
    const payment = this.#received.find(({ receipt }) => receipt === body.TransactionID);
    const head = { ResultType: 0, ResultDesc: "in words", OriginatorConversationID: "1236-1", ConversationID: "AG_1", TransactionID: "SKT" };
    if (!payment) return this.#tells(body.ResultURL, { Result: { ...head, ResultCode: 2032 } });
    const values = { DebitPartyName: `${payment.phone} - ASHA`, CreditPartyName: `${SHORTCODE} - SAUTIKIT`,
      TransactionStatus: "Completed", Amount: payment.amount, ReceiptNo: payment.receipt };
    const parameters = Object.entries(values).map(([Key, Value]) => ({ Key, Value }));
    return this.#tells(body.ResultURL, { Result: { ...head, ResultCode: 0, ResultParameters: { ResultParameter: parameters } } });
  }

  /** The statement as the organisation's portal exports it. */
  statement() {
    const names = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Reason Type,A/C No.";
    const rows = this.#received.map(({ receipt, reference, amount, phone, at }) =>
      `${receipt},${written(at)},Pay Bill from ${phone},Completed,${amount}.00,,Pay Utility,${reference}`);
    return ["Organization Name,SAUTIKIT,,", `Short Code,${SHORTCODE},,`, "", names, ...rows, ""].join("\r\n");
  }

  /** What is not told yet. */
  get untold() {
    return this.#untold;
  }

  async serve() {
    const answers = {
      "/oauth/v1/generate": () => [200, { access_token: "token", expires_in: "3599" }],
      "/mpesa/c2b/v1/registerurl": (body) => {
        this.#urls = body;
        return [200, { ResponseCode: "0", ResponseDescription: "success" }];
      },
      "/mpesa/stkpush/v1/processrequest": async (body) => {
        if (happens(0.05)) return [400, { requestId: "1", errorCode: "400.002.02", errorMessage: "Bad Request - Invalid PhoneNumber" }];
        const place = this.#pushes.size;
        this.#push(body);
        if (happens(0.1)) return [500, {}];
        if (happens(0.1)) await wait(HANGS_MS);
        return [200, { ResponseCode: "0", MerchantRequestID: "29115-1", CheckoutRequestID: `ws_CO_${String(place).padStart(20, "0")}` }];
      },
      "/mpesa/stkpushquery/v1/query": ({ CheckoutRequestID }) => {
        if (happens(0.1)) return [503, {}];
        const end = this.#pushes.get(CheckoutRequestID)?.end;
        if (end === undefined) return [500, { requestId: "1", errorCode: "500.001.1001", errorMessage: "The transaction is being processed" }];
        return [200, { ResponseCode: "0", CheckoutRequestID, ResultCode: String(end), ResultDesc: "in words" }];
      },
      "/mpesa/transactionstatus/v1/query": (body) => {
        this.#inquire(body);
        return [200, { ResponseCode: "0", ConversationID: "AG_1", OriginatorConversationID: "1236-1" }];
      },
    };
    const server = createServer(async (asked, answer) => {
      const text = Buffer.concat(await asked.toArray()).toString();
      const [status, body] = await (answers[asked.url.split("?")[0]] ?? (() => [404, {}]))(text ? JSON.parse(text) : {});
      answer.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  }
}

if (process.send && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const daraja = new Daraja();
  const port = await daraja.serve();
  const does = {
    pay: (payment) => daraja.pay(payment),
    statement: () => daraja.statement(),
    figures: () => daraja.figures,
    untold: () => daraja.untold,
  };
  process.on("message", ({ id, what, about }) => process.send({ id, said: does[what](about) }));
  process.on("disconnect", () => process.exit(0));
  process.send({ port });
}
