/** Pictures the person can choose, as temporary files of the phone. */

const COLOURS = [
  ["#f2a65a", "#e0637a"],
  ["#5fb38a", "#2f7f93"],
  ["#8f87d6", "#4f6fc0"],
  ["#d9a441", "#8a9a3b"],
];
const SIZE = 132;

export class Pictures {
  private readonly files = new Map<string, Blob>();
  private readonly urls = new Map<string, string>();

  /** Draw the pictures this person has on the phone. */
  async draw(initial: string): Promise<Blob[]> {
    return Promise.all(COLOURS.map((pair) => drawAvatar(initial, pair)));
  }

  keep(path: string, file: Blob): void {
    this.files.set(path, file);
    this.urls.set(path, URL.createObjectURL(file));
  }

  /** Return an address the page can show. */
  url(path: string): string {
    const kept = this.urls.get(path);
    if (kept) return kept;
    // The mini program's own servers have public names that only the phone's network knows.
    return path.startsWith("https://") ? `/_net/${path.slice(8)}` : path;
  }

  file(path: string): Blob | undefined {
    return this.files.get(path);
  }

  forget(): void {
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
    this.files.clear();
    this.urls.clear();
  }
}

async function drawAvatar(initial: string, [from, to]: string[]): Promise<Blob> {
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
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"),
  );
}
