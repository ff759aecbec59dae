/** Pictures: those the person has on the phone, and those the mini program shows. */

import type { Wx } from "wxsim";

const COLOURS = [
  ["#f2a65a", "#e0637a"],
  ["#5fb38a", "#2f7f93"],
  ["#8f87d6", "#4f6fc0"],
  ["#d9a441", "#8a9a3b"],
];
const SIZE = 132;

/** Draw the pictures that somebody has on the phone. */
export function drawPictures(initial: string): Promise<Blob[]> {
  return Promise.all(COLOURS.map((pair) => draw(initial, pair)));
}

async function draw(initial: string, [from, to]: string[]): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  const colour = pen.createLinearGradient(0, 0, SIZE, SIZE);
  colour.addColorStop(0, from ?? "#888");
  colour.addColorStop(1, to ?? "#444");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, SIZE, SIZE);
  pen.fillStyle = "#fff";
  pen.font = `500 ${SIZE * 0.46}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(initial, SIZE / 2, SIZE / 2 + SIZE * 0.03);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", 0.9);
  });
}

/** Addresses of pictures as this page can load them. */
export class PictureUrls {
  private readonly urls = new Map<string, string>();

  /** Return where a picture of the mini program can be had: a file of the phone, or one of its servers'. */
  find(wx: Wx, src: string): string {
    const known = this.urls.get(src);
    if (known) return known;
    const file = wx.$file(src);
    if (file) {
      const url = URL.createObjectURL(new Blob([file.data], { type: file.type }));
      this.urls.set(src, url);
      return url;
    }
    // The mini program's own servers have public names that only the phone's network knows.
    return src.startsWith("https://") ? `/_net/${src.slice(8)}` : src;
  }

  forget(): void {
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
    this.urls.clear();
  }
}
