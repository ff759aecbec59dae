Component({
  properties: { head: String, text: String, action: String },
  methods: {
    go() {
      this.triggerEvent("go", {}, {});
    },
  },
});
