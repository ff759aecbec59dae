const { menjin } = require("./services/login");

App({
  onLaunch() {
    // The login begins at once and asks nobody for anything; pages that need it wait for it.
    menjin.ready().catch(() => undefined);
  },
});
