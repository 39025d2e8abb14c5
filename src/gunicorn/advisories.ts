/** Published advisories on gunicorn: request smuggling, which lets a client past what a proxy forbids. */
export interface Advisory {
  readonly id: string
  /** A PEP 440 specifier of the releases that it is about. */
  readonly affected: string
  /** The first release without it. */
  readonly fixed: string
  /** The Pythons that pip installs that one on. */
  readonly python: string
}

/** Source: GitHub's advisory database, GHSA-hc5x-x2vx-497g and GHSA-w3h3-4rj7-4ph4. */
export const advisories: readonly Advisory[] = [
  { id: 'CVE-2024-6827', affected: '<23.0.0', fixed: '23.0.0', python: '>=3.7' },
  { id: 'CVE-2024-1135', affected: '<22.0.0', fixed: '22.0.0', python: '>=3.7' },
]
