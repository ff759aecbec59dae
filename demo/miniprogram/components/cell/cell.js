Component({
  properties: { name: String, note: String, value: String, arrow: Boolean },
});
