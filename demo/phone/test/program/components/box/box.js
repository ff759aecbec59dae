const shared = Behavior({
  data: { from: "behaviour" },
  methods: {
    double(value) {
      return value * 2;
    },
  },
});

Component({
  behaviors: [shared],
  options: { multipleSlots: true },
  properties: { count: { type: Number, value: 1 } },
  data: { doubled: 0 },
  observers: {
    count(value) {
      this.setData({ doubled: this.double(value) });
    },
  },
  lifetimes: {
    attached() {
      this.triggerEvent("ready", { count: this.data.count }, {});
    },
  },
  methods: {
    more() {
      this.triggerEvent("more", { by: 1 }, {});
    },
  },
});
