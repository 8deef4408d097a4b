/* The transport of the SDK's first generation as that uses it: one event, bodies as texts, default options. */

const heard = [];
let socket,
  requests = 0;

function open(address) {
  socket = io(address);
  socket.on("EventPacket", (packet) => {
    const body = JSON.parse(packet.body);
    heard.push([packet.service, body]);
    if (packet.service === 1) say(1, {});
  });
}

function say(service, body) {
  requests += 1;
  socket.emit("EventPacket", { service, body: JSON.stringify({ ...body, requestId: requests }) });
}
