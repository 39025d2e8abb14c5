/** Where the threads begin: files beside this one, as source or as they were built. */
const end = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** Reads large reviews. */
export const reading = new URL(`./reading.${end}`, import.meta.url)
/** Looks into images. */
export const looking = new URL(`./looking.${end}`, import.meta.url)
