// Jobs for node-pdu: a JSON array on stdin, {"decode": hex} or {"encode": kind, number, text, ...};
// the answers, in the same order, on stdout.
const { Deliver, Submit, parse, utils } = require("node-pdu");

function decode(hex) {
  const message = parse(hex);
  const party = (message.address.type.type === 1 ? "+" : "") + message.address.phone;
  if (!message.data) {
    const { reference, status } = message;
    const times = [message.dateTime, message.discharge].map((stamp) => [stamp.time, stamp.tzOff]);
    return { party, reference, status, times };
  }
  const part = message.getParts()[0];
  const header = part && part.header ? part.header.toString() : "";
  return { party, text: message.data.getText(), data: part ? part.data : "", header };
}

function encode(job) {
  const kinds = { submit: Submit, deliver: Deliver };
  const message = new kinds[job.encode](job.number, job.text);
  if (job.when) {
    const stamp = new utils.SCTS(new Date(job.when), job.zone);
    message.setServiceCenterTimeStamp(stamp);
  }
  return message.getPartStrings();
}

const jobs = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answer = (job) => {
  try {
    return job.decode ? decode(job.decode) : encode(job);
  } catch (error) {
    return { error: String(error) };
  }
};
process.stdout.write(JSON.stringify(jobs.map(answer)));
