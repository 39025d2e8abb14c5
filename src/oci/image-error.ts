/** What keeps an image from being read: one line for a person, without a secret in it. */
export class ImageError extends Error {
  override name = 'ImageError'
}
