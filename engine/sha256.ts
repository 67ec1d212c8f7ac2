/** SHA-256 of parts one after the other, texts in UTF-8, as hexadecimal digits. */
export async function sha256(...parts: BlobPart[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
