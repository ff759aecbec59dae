/** WebSockets of a browser: it sets Origin, and no header of ours. @type {import("./socket.js").Dial} */
export const browserDial = (url, { protocols }, ears) => {
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => ears.open({ header: {} });
  socket.onmessage = ({ data }) => ears.message(data);
  socket.onerror = () => ears.error("WebSocket connection failed");
  socket.onclose = ({ code, reason }) => ears.close(code, reason);
  return {
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    drop: () => {
      socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
      socket.close();
    },
  };
};
