/** Random names. They are no secrets: what they protect is protected by the login_code beside them as well. */

/** Return 128 bits as 32 hexadecimal digits. */
export function makeId(): string {
  let id = "";
  while (id.length < 32) {
    id += ((Math.random() + 1) * 0x10000).toString(16).slice(1, 5);
  }
  return id;
}
