// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** wx.connectSocket. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "connect, send, receive text and bytes, close",
    run: async ({ wx, expect, outcome, server }) => {
      const url = server.replace("http", "ws");
      const told = [];
      let task;
      const connected = await outcome((more) => {
        task = wx.connectSocket({
          url: `${url}/socket`,
          header: { "X-Own": 1, Referer: "x" },
          protocols: ["p1"],
          ...more,
        });
      });
      expect(connected).toMatchObject({ errMsg: "connectSocket:ok" });
      const opened = new Promise((resolve) => task.onOpen(resolve));
      const closed = new Promise((resolve) => task.onClose(resolve));
      const message = () => new Promise((resolve) => task.onMessage(({ data }) => told.push(data) && resolve(data)));
      const first = message();
      expect(await opened).toMatchObject({ header: { upgrade: "websocket" } });
      expect(task.readyState).toBe(1);
      const headers = JSON.parse(await first);
      expect(headers["x-own"]).toBe("1");
      expect(headers["sec-websocket-protocol"]).toBe("p1");
      expect(headers.referer).toMatch(/^https:\/\/servicewechat\.com\//);
      const echo = message();
      expect(await outcome((more) => task.send({ data: "门", ...more }))).toEqual({ errMsg: "sendSocketMessage:ok" });
      expect(await echo).toBe("门");
      const bytes = message();
      task.send({ data: wx.base64ToArrayBuffer("AAH+/w==") });
      expect(wx.arrayBufferToBase64(await bytes)).toBe("AAH+/w==");
      const long = message();
      task.send({ data: "x".repeat(70_000) });
      task.send({ data: "split" });
      expect((await long).length).toBeGreaterThan(0);
      expect(await outcome((more) => task.close({ code: 1000, reason: "done", ...more }))).toEqual({
        errMsg: "closeSocket:ok",
      });
      expect(await closed).toEqual({ code: 1000, reason: "done" });
      expect(task.readyState).toBe(3);
      expect(await outcome((more) => task.send({ data: "late", ...more }))).toEqual({
        errMsg: "SocketTask.send:fail SocketTask.readyState is not OPEN",
      });
    },
  },
  {
    name: "the server's farewell, and a line that breaks",
    run: async ({ wx, expect, server }) => {
      const url = server.replace("http", "ws");
      const end = (word) =>
        new Promise((resolve) => {
          const task = wx.connectSocket({ url: `${url}/socket` });
          task.onOpen(() => task.send({ data: word }));
          task.onClose(resolve);
        });
      expect(await end("bye")).toEqual({ code: 4001, reason: "over" });
      expect(await end("drop")).toEqual({ code: 1006, reason: "abnormal closure" });
    },
  },
  {
    name: "a message in pieces comes whole",
    run: async ({ wx, expect, server }) => {
      const task = wx.connectSocket({ url: `${server.replace("http", "ws")}/socket` });
      task.onOpen(() => task.send({ data: "split" }));
      const heard = [];
      await new Promise((resolve) => task.onMessage(({ data }) => heard.push(data) === 2 && resolve()));
      expect(heard[1]).toBe("split");
      task.close();
    },
  },
  {
    name: "a refused or forged handshake is an error, then a close",
    run: async ({ wx, expect, server }) => {
      const url = server.replace("http", "ws");
      const failure = (path) =>
        new Promise((resolve) => {
          const told = [];
          const task = wx.connectSocket({ url: `${url}${path}` });
          task.onError((error) => told.push(error));
          task.onClose((close) => resolve([...told, close]));
        });
      const gone = { code: 1006, reason: "abnormal closure" };
      expect(await failure("/refused")).toEqual([{ errMsg: "Unexpected response code: 401" }, gone]);
      expect((await failure("/forged"))[0].errMsg).toMatch(/Sec-WebSocket-Accept/);
    },
  },
  {
    name: "bad addresses, and no more than five",
    run: async ({ wx, expect, outcome, server }) => {
      expect(await outcome(wx.connectSocket, { url: `${server}/socket` })).toEqual({
        errMsg: `connectSocket:fail invalid url "${server}/socket"`,
        errno: 600009,
      });
      const url = `${server.replace("http", "ws")}/socket`;
      const open = Array.from({ length: 5 }, () => wx.connectSocket({ url }));
      expect(await outcome(wx.connectSocket, { url })).toEqual({
        errMsg: "connectSocket:fail fail reach max websocket connect count 5",
      });
      await Promise.all(
        open.map(
          (task) =>
            new Promise((resolve) => {
              task.onClose(resolve);
              task.close();
            }),
        ),
      );
      expect(await outcome(wx.connectSocket, { url })).toMatchObject({ errMsg: "connectSocket:ok" });
      wx.closeSocket({ complete: () => {} });
    },
  },
  {
    name: "the older calls speak of the one socket",
    run: async ({ wx, expect, server }) => {
      expect(await wx.sendSocketMessage({ data: "x" }).catch((error) => error)).toEqual({
        errMsg: "sendSocketMessage:fail WebSocket is not connected",
      });
      const heard = new Promise((resolve) => {
        const all = [];
        wx.onSocketMessage(({ data }) => all.push(data) === 2 && resolve(all[1]));
      });
      const closed = new Promise((resolve) => wx.onSocketClose(resolve));
      const opened = new Promise((resolve) => wx.onSocketOpen(resolve));
      wx.connectSocket({ url: `${server.replace("http", "ws")}/socket` });
      await opened;
      await wx.sendSocketMessage({ data: "hello" });
      expect(await heard).toBe("hello");
      await wx.closeSocket();
      expect(await closed).toEqual({ code: 1000, reason: "" });
    },
  },
];
