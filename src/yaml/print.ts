/** Values → YAML, where there is no text yet whose style has to be kept. */
export { dump } from 'js-yaml'
