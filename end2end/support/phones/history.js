// What a phone has gone through, for the tests to look at.

/** Entries are `{event, …}`; events are ringing, answered, incoming, ended (`by` us or them, SIP `code` when it was refused). */
export function history() {
  const entries = [];
  entries.add = (event, facts = {}) => entries.push({ event, ...facts });
  return entries;
}

/** Sound of a connection that a SIP stack leaves to its page. */
export function play(connection) {
  connection.addEventListener("track", ({ track }) => {
    const audio = new Audio();
    audio.srcObject = new MediaStream([track]);
    audio.play();
  });
}
