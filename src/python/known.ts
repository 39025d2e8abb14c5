/** What is known of the Python in an image, and who says so. */

/** Whether a Python distribution is there, and how that is known. */
export interface Installed {
  readonly state: 'Installed' | 'Absent' | 'Unknown'
  /** A PEP 440 specifier of the versions it can be: empty for any. */
  readonly specifier: string
  /** Where that was read: `annotation "paddock.dev/requirements"`; empty where nothing was. */
  readonly evidence: string
}

/** What is known of the Python in the image. */
export interface Python {
  /** Such as `2.7`; undefined where it is not known. */
  readonly version: string | undefined
  /** Where that was read. */
  readonly evidence: string
  readonly installed: (distribution: string) => Installed
}
