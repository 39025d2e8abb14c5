import { describe, expect, test } from '@jest/globals'
import { releases, type Option } from '../../src/gunicorn/catalogue.ts'
import type { Value } from '../../src/gunicorn/catalogue/release-file.ts'
import { knownValidators, validate } from '../../src/gunicorn/validators.ts'

const optionsOf = (release: (typeof releases)[number]): Option[] =>
  Object.values(release.settings).flatMap((entry) => entry.flags.slice(0, 1).flatMap((flag) => release.exact(flag) ?? []))

describe('the catalogue', () => {
  test.each(releases.map((release) => [release.name, release] as const))('%s: every validator of an option is known', (_, release) => {
    const options = optionsOf(release)
    expect(options.length).toBeGreaterThan(60)
    expect(options.filter((option) => !knownValidators.has(option.validator)).map((option) => `${option.name}: ${option.validator}`))
      .toEqual([])
  })

  test('every validator that is known is used', () => {
    const used = new Set(releases.flatMap(optionsOf).map((option) => option.validator))
    expect([...knownValidators].filter((name) => !used.has(name))).toEqual([])
  })

  test('what is not known tells nothing', () => {
    expect(validate('validate_tomorrow', '1')).toBe('unknown')
  })
})

test.each<[string, Value, Value]>([
  ['validate_string', ' a ', 'a'],
  ['validate_string', null, null],
  ['validate_pos_int', 0, 0],
  ['validate_pos_int', '0x10', 16],
  ['validate_pos_int', 30, 30],
  ['validate_bool', ' TRUE ', true],
  ['validate_bool', 'false', false],
  ['validate_bool', true, true],
  ['validate_list_string', [' a ', 'b'], ['a', 'b']],
  ['validate_string_to_list', ' a, b,,c ', ['a', 'b', 'c']],
  ['validate_string_to_addr_list', '127.0.0.1,::1', ['127.0.0.1', '::1']],
  ['validate_string_to_addr_list', '*', ['*']],
  ['validate_string_to_addr_list', '::ffff:10.0.0.1', ['::ffff:10.0.0.1']],
  ['validate_string_to_network_list', '10.0.0.0/8,fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
  ['validate_string_to_network_list', '10.0.0.0/255.0.0.0', ['10.0.0.0/255.0.0.0']],
  ['validate_reload_engine', 'poll', 'poll'],
  ['validate_header_map_behaviour', ' Drop ', 'drop'],
  ['validate_proxy_protocol', 'V2', 'v2'],
  ['validate_proxy_protocol', 'none', 'off'],
  ['validate_asgi_loop', 'uvloop', 'uvloop'],
  ['validate_http_protocols', 'h1, H2,h3', ['h1', 'h2', 'h3']],
  ['validate_http_protocols', ' , ', ['h1']],
  ['validate_hostport', 'localhost:8125', ['localhost', 8125]],
  ['validate_statsd_address', 'localhost', ['localhost', 8125]],
  ['validate_statsd_address', 'unix:///run/statsd.sock', '/run/statsd.sock'],
  ['validate_user', '1000', 1000],
  ['validate_chdir', '/', '/'],
  ['validate_http2_frame_size', 16384, 16384],
])('%s: %j is %j', (validator, given, value) => {
  expect(validate(validator, given)).toEqual({ value })
})

test.each<[string, Value, string]>([
  ['validate_pos_int', -1, 'Value must be positive: -1'],
  ['validate_bool', 'yes', 'Invalid boolean: yes'],
  ['validate_string_to_addr_list', '10.0.0.0/8', "'10.0.0.0/8' does not appear to be an IPv4 or IPv6 address"],
  ['validate_string_to_addr_list', 'proxy', "'proxy' does not appear to be an IPv4 or IPv6 address"],
  ['validate_string_to_addr_list', '010.0.0.1', "'010.0.0.1' does not appear to be an IPv4 or IPv6 address"],
  ['validate_string_to_addr_list', '1::2::3', "'1::2::3' does not appear to be an IPv4 or IPv6 address"],
  ['validate_string_to_network_list', '"*"', `'"*"' does not appear to be an IPv4 or IPv6 network`],
  ['validate_header_map_behaviour', 'keep', 'Invalid header map behaviour: keep'],
  ['validate_proxy_protocol', 'app:app', 'proxy_protocol must be: off, v1, v2, or auto'],
  ['validate_http_protocols', 'h1,h1', 'Duplicate protocols specified'],
  ['validate_http_protocols_without_h3', 'h3', "Invalid protocol 'h3'. Valid protocols: h1, h2"],
  ['validate_hostport', 'localhost', 'Value must consist of: hostname:port'],
  ['validate_reload_engine', 'fast', "Invalid reload_engine: 'fast'"],
  ['validate_http2_frame_size', 1, 'http2_max_frame_size must be between 16384 and 16777215, got 1'],
])('%s: %j is refused: %s', (validator, given, error) => {
  expect(validate(validator, given)).toEqual({ error })
})

test.each<[string, Value]>([
  ['validate_user', 'www-data'],
  ['validate_group', 'www-data'],
  ['validate_chdir', '/srv/app'],
  ['validate_list_of_existing_files', ['a.py']],
])('%s: %j depends on the machine', (validator, given) => {
  expect(validate(validator, given)).toBe('unknown')
})
