/** Where the thread begins that reads large reviews: a file beside this one, as source or as it was built. */
export const reading = new URL(import.meta.url.endsWith('.ts') ? './reading.ts' : './reading.js', import.meta.url)
