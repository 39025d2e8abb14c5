/** What the engine takes of `node:util`, for browsers. */
export { default as isDeepStrictEqual } from 'fast-deep-equal'
