// client.preflight(): what would a call from this page meet? One plain sentence for each finding, and a report to paste.

const GATHERING_LIMIT_MS = 3_000;
const LISTEN_MS = 1_000;
const PINGS = 5;
const CALL_MS = 11_000;
// A microphone that stays below this (of 1.0) says nothing: −60 dBFS.
const SILENT = 0.001;
// Below this people complain (ITU-T G.107: "some users dissatisfied").
const GOOD_MOS = 3.6;

export async function preflight(client, core, options, { destination, from } = {}) {
  const report = { ok: true, findings: [], microphone: undefined, rttMs: undefined, mos: undefined, candidates: [] };
  const find = (check, ok, text) => {
    report.findings.push({ check, ok, text });
    report.ok &&= ok;
  };
  const reason = (error) => [error.message, error.remedy].filter(Boolean).join(" ");

  await microphone(report, find, options);
  const wasConnected = client.state === "registered";
  try {
    const since = performance.now();
    await client.connect();
    find("gateway", true, wasConnected ? "The gateway is connected." : `The gateway was reached and took the token within ${Math.round(performance.now() - since)} ms.`);
    await roundTrip(core, report, find);
    await ice(report, find, options);
    if (destination) await call(client, report, find, destination, from);
    else expected(core, report, find);
  } catch (error) {
    find("gateway", false, reason(error));
  } finally {
    if (!wasConnected) await client.disconnect();
  }
  report.text = [`Sautikit preflight: ${report.ok ? "passed" : "failed"}`, ...report.findings.map(({ check, ok, text }) => `${ok ? "ok  " : "FAIL"} ${check}: ${text}`), navigator.userAgent].join("\n");
  return report;
}

async function microphone(report, find, options) {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) return find("page", false, "The page is not served over HTTPS, so that the browser hides the microphone.");
  find("page", true, "The page may ask for the microphone.");
  if (options.microphone === "none") return find("microphone", true, "The page only listens, so that no microphone is needed.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: options.audio ?? true });
    const [track] = stream.getAudioTracks();
    const level = await loudest(stream);
    report.microphone = { label: track.label, level };
    if (level < SILENT) find("microphone", false, `The microphone “${track.label}” is silent: it may be muted at the device.`);
    else find("microphone", true, `The microphone “${track.label}” works.`);
  } catch (error) {
    const texts = { NotAllowedError: "The microphone may not be used on this page: allow it in the browser's site settings.", NotFoundError: "There is no microphone: connect one.", NotReadableError: "The microphone is in use by another program: close that." };
    find("microphone", false, texts[error.name] ?? `The microphone cannot be opened: ${error.message}`);
  } finally {
    stream?.getTracks().forEach((track) => track.stop());
  }
}

async function loudest(stream) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (const end = performance.now() + LISTEN_MS; performance.now() < end;) {
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples.map(Math.abs));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await context.close();
  return loudest;
}

async function roundTrip(core, report, find) {
  const times = [];
  for (let ping = 0; ping < PINGS; ping += 1) times.push(await core.ping());
  report.rttMs = Math.round(times.sort((a, b) => a - b)[Math.floor(PINGS / 2)]);
  find("network", report.rttMs < 400, `A message takes ${report.rttMs} ms to the gateway and back${report.rttMs < 400 ? "" : ": people will talk over each other"}.`);
}

async function ice(report, find, options) {
  const peer = new RTCPeerConnection({ iceServers: options.iceServers ?? [] });
  try {
    peer.addTransceiver("audio");
    const kinds = new Set();
    const done = new Promise((resolve) => {
      peer.onicecandidate = ({ candidate }) => (candidate?.candidate ? kinds.add(`${candidate.type}/${candidate.protocol}`) : resolve());
      setTimeout(resolve, GATHERING_LIMIT_MS);
    });
    await peer.setLocalDescription(await peer.createOffer());
    await done;
    report.candidates = [...kinds];
    const has = (protocol) => report.candidates.some((kind) => kind.endsWith(`/${protocol}`));
    const way = has("udp") ? "UDP" : "TCP";
    find("audio path", has("udp") || has("tcp"), has("udp") || has("tcp") ? `The browser can send audio over ${way} (${report.candidates.join(", ")}).` : "The browser finds no way to send audio: a policy or a VPN forbids it.");
  } finally {
    peer.close();
  }
}

function expected(core, report, find) {
  report.mos = Math.round(core.constructor.expectedMos(report.rttMs, 0, 0) * 10) / 10;
  find("quality", report.mos >= GOOD_MOS, `Calls can sound like ${report.mos} of 4.5 (MOS), by the round trip alone; pass a destination to measure loss and jitter in a call.`);
}

async function call(client, report, find, destination, from) {
  const call = await client.call(destination, { from });
  const quality = await new Promise((resolve) => {
    call.on("quality", resolve);
    call.on("ended", () => resolve(undefined));
    setTimeout(() => resolve(undefined), CALL_MS);
  });
  await call.hangup();
  if (!quality) return find("quality", false, `The test call to ${destination} was not up long enough to measure it.`);
  report.mos = quality.mos;
  report.quality = quality;
  find("quality", quality.mos >= GOOD_MOS, `The test call sounded like ${quality.mos} of 4.5 (MOS), with ${quality.lossPercent} % of the packets lost and ${quality.jitterMs} ms of jitter.`);
}
