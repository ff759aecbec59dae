Page({
  data: { style: "background-color: rgb(9, 8, 7)" },
});
