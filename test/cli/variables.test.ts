/** `check --fix` where settings go into variables: which lines change. */
import { describe, expect, test } from '@jest/globals'
import { diffLines } from 'diff'
import { run } from './in-memory.ts'

const policy = `apiVersion: paddock.dev/v1alpha1
kind: GunicornPolicy
metadata: {name: variables}
spec:
  injection: Environment
  defaults: {errorlog: null, access_log_format: null}
  rules: {heartbeat-on-disk: "Off"}
`

const shop = `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop} # the shop
spec:
  template:
    spec:
      containers:
        - name: folded
          command: [gunicorn, shop.wsgi] # stays
          ports: [{containerPort: 5001}]
          env:
            # what is logged
            - name: LEVEL
              value: info
            - name: GUNICORN_CMD_ARGS # settings
              value: >-
                --threads 4
                --timeout 120
              # behind
            - {name: LAST, value: "x"}
        - name: block
          command: [gunicorn, shop.wsgi]
          ports: [{containerPort: 5002}]
          env:
          - name: GUNICORN_CMD_ARGS
            value: |
              --threads 4
              --log-level "info"
        - name: flow
          command: [gunicorn, shop.wsgi]
          env: [{name: PORT, value: "80"}, {name: GUNICORN_CMD_ARGS, value: ""}]
        - name: none
          command: [gunicorn, shop.wsgi]
          ports: [{containerPort: 5003}]
        - name: bare
          command: [gunicorn, shop.wsgi, -w4, -b, ':5000']
          env:
            - name: GUNICORN_CMD_ARGS
        - name: single
          command: [gunicorn, shop.wsgi, -w4, -b, ':5004']
          env:
            - {name: PORT, value: "5004"}
            - {name: GUNICORN_CMD_ARGS, value: '-n ''the shop'''}
`

/** The lines that went and came, as a diff shows them. */
const changed = (before: string, after: string): string[] =>
  diffLines(before, after).filter(({ added, removed }) => added || removed)
    .flatMap(({ added, value }) => value.trimEnd().split('\n').map((line) => `${added ? '+' : '-'} ${line.trim()}`))

describe('check --fix', () => {
  test.each([['as it is', (text: string) => text], ['with CRLF', (text: string) => text.replaceAll('\n', '\r\n')]])(
    'changes the lines that it must: %s',
    async (_, as) => {
      const files = { 'policy.yaml': policy, 'shop.yaml': as(shop) }
      const first = await run(['check', '--policy', 'policy.yaml', '--fix', 'shop.yaml'], files)
      expect([first.status, first.err]).toEqual([0, ''])
      expect(changed(as(shop), first.files['shop.yaml'] ?? '')).toEqual([
        '+ - name: PORT',
        '+ value: "5001"',
        '- --timeout 120',
        '+ --timeout 120 --bind=:$(PORT) --access-logfile=-',
        '+ - {name: WEB_CONCURRENCY, value: "4"}',
        '+ - name: PORT',
        '+ value: "5002"',
        '- --log-level "info"',
        '+ --log-level "info" --bind=:$(PORT) --access-logfile=-',
        '+ - name: WEB_CONCURRENCY',
        '+ value: "4"',
        '- env: [{name: PORT, value: "80"}, {name: GUNICORN_CMD_ARGS, value: ""}]',
        '+ env: [{name: PORT, value: "80"}, {name: GUNICORN_CMD_ARGS, value: "--bind=:$(PORT) --access-logfile=-"}, {name: WEB_CONCURRENCY, value: "4"}]',
        '+ env:',
        '+ - name: PORT',
        '+ value: "5003"',
        '+ - name: WEB_CONCURRENCY',
        '+ value: "4"',
        '+ - name: GUNICORN_CMD_ARGS',
        '+ value: --bind=:$(PORT) --access-logfile=-',
        '+ value: --access-logfile=-',
        "- - {name: GUNICORN_CMD_ARGS, value: '-n ''the shop'''}",
        "+ - {name: GUNICORN_CMD_ARGS, value: '-n ''the shop'' --access-logfile=-'}",
      ])
      const second = await run(['check', '--policy', 'policy.yaml', '--fix', 'shop.yaml'], first.files)
      expect(second.files).toEqual(first.files)
      expect(second.out).toBe('1 file, 1 workload, 6 gunicorn commands: nothing found\n')
    },
  )
})
