App({
  log: [],
  onLaunch(options) {
    this.log.push(`launch ${options.path}`);
  },
  onShow() {
    this.log.push("show");
  },
  onHide() {
    this.log.push("hide");
  },
});
