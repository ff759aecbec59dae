// @ts-nocheck -- what a mini program writes: untyped, as most of them are
const EVERYWHERE = ["here", "in a bare context", "by way of the simulator"];

/** Files: uploaded, downloaded, read and written. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "uploadFile sends the file and the form as multipart, and answers with text",
    where: EVERYWHERE,
    run: async ({ wx, expect, server }) => {
      const { detail } = await wx.$tap("chooseAvatar");
      const progress = [];
      const result = await new Promise((success, fail) => {
        const task = wx.uploadFile({
          url: `${server}/echo`,
          filePath: detail.avatarUrl,
          name: "avatar",
          formData: { a: "ü", n: 1 },
          header: { "X-Own": "1", "Content-Type": "text/plain", Referer: "x" },
          success,
          fail,
        });
        task.onProgressUpdate((one) => progress.push(one));
      });
      expect(result).toMatchObject({ statusCode: 200, errMsg: "uploadFile:ok" });
      expect(typeof result.data).toBe("string");
      const seen = JSON.parse(result.data);
      expect(seen.method).toBe("POST");
      expect(seen.headers).toMatchObject({ "x-own": "1" });
      expect(seen.headers.referer).toMatch(/^https:\/\/servicewechat\.com\//);
      const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(seen.headers["content-type"])[1];
      const parts = seen.body.split(`--${boundary}`);
      expect(parts).toHaveLength(5);
      expect(parts[1]).toBe('\r\nContent-Disposition: form-data; name="a"\r\n\r\nÃ¼\r\n');
      expect(parts[3]).toMatch(
        /name="avatar"; filename="[^"]+\.jpeg"\r\nContent-Type: image\/jpeg\r\n\r\n\u00ff\u00d8/,
      );
      expect(parts[4]).toBe("--\r\n");
      expect(progress.at(-1)).toMatchObject({ progress: 100 });
    },
  },
  {
    name: "uploadFile of a file that is not there",
    run: async ({ wx, expect, outcome, server }) => {
      const options = { url: `${server}/echo`, filePath: "wxfile://tmp_nothing", name: "f" };
      expect(await outcome(wx.uploadFile, options)).toEqual({ errMsg: "uploadFile:fail file not found" });
      expect(await outcome(wx.uploadFile, { url: `${server}/echo`, name: "f" })).toEqual({
        errMsg: "uploadFile:fail parameter error: parameter.filePath should be String instead of Undefined;",
        errno: 1001,
      });
    },
  },
  {
    name: "downloadFile keeps a temporary file, for any status, or the file one names",
    where: EVERYWHERE,
    run: async ({ wx, expect, outcome, server }) => {
      const manager = wx.getFileSystemManager();
      const result = await outcome(wx.downloadFile, { url: `${server}/picture.png` });
      expect(result).toMatchObject({ statusCode: 200, errMsg: "downloadFile:ok" });
      expect(result.tempFilePath).toMatch(/^wxfile:\/\/tmp_.*\.png$/);
      expect(manager.readFileSync(result.tempFilePath, "hex")).toBe("89504e47");
      expect(await outcome(wx.downloadFile, { url: `${server}/nothing` })).toMatchObject({ statusCode: 404 });
      const filePath = `${wx.env.USER_DATA_PATH}/own.png`;
      expect(await outcome(wx.downloadFile, { url: `${server}/picture.png`, filePath })).toMatchObject({ filePath });
      expect(manager.readFileSync(filePath, "base64")).toBe("iVBORw==");
      expect(await outcome(wx.downloadFile, { url: "http://127.0.0.1:1/" })).toEqual({
        errMsg: "downloadFile:fail errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED",
        errno: 600001,
      });
    },
  },
  {
    name: "an upload and a download can be broken off",
    run: async ({ wx, expect, outcome, server }) => {
      const { detail } = await wx.$tap("chooseAvatar");
      const upload = { url: `${server}/hang`, filePath: detail.avatarUrl, name: "f" };
      expect(await outcome((more) => wx.uploadFile({ ...upload, ...more }).abort())).toEqual({
        errMsg: "uploadFile:fail abort",
      });
      expect(await outcome((more) => wx.downloadFile({ url: `${server}/hang`, ...more }).abort())).toEqual({
        errMsg: "downloadFile:fail abort",
      });
      expect(await outcome(wx.downloadFile, { url: `${server}/hang`, timeout: 50 })).toEqual({
        errMsg: "downloadFile:fail timeout",
        errno: 5,
      });
    },
  },
  {
    name: "the file system's calls",
    run: async ({ wx, make, expect, outcome }) => {
      const manager = wx.getFileSystemManager();
      const path = `${wx.env.USER_DATA_PATH}/a.txt`;
      manager.writeFileSync(path, "门", "utf8");
      expect(manager.readFileSync(path, "utf8")).toBe("门");
      expect(make().getFileSystemManager().readFileSync(path, "utf8")).toBe("门");
      expect(await outcome(manager.readFile, { filePath: path, encoding: "base64" })).toEqual({
        data: "6Zeo",
        errMsg: "readFile:ok",
      });
      manager.unlinkSync(path);
      expect(await outcome(manager.access, { path })).toEqual({
        errMsg: `access:fail no such file or directory, access '${path}'`,
        errno: 1300002,
      });
      expect(() => manager.readFileSync(path)).toThrow("readFileSync:fail no such file or directory");
    },
  },
  {
    name: "the paths of temporary files are those of the platform",
    run: async ({ make, expect }) => {
      expect((await make({ platform: "devtools", device: "t" }).$tap("chooseAvatar")).detail.avatarUrl).toMatch(
        /^http:\/\/tmp\//,
      );
      expect((await make({ platform: "android", device: "a" }).$tap("chooseAvatar")).detail.avatarUrl).toMatch(
        /^wxfile:\/\//,
      );
    },
  },
];
