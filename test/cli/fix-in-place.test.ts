/** `check --fix` in a file as people keep it: only the lines that had to change do, in the style that they have. */
import { describe, expect, test } from '@jest/globals'
import { diffArrays } from 'diff'
import { run, shortPolicy as policy } from './in-memory.ts'

const manifest = `# The shop, all of it.
x-environment: &environment   # shared by all of them
  - {name: DJANGO_SETTINGS_MODULE, value: shop.settings}
  - name: PORT   # what the platform assigns
    value: "8000"
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, labels: &labels {app: shop}}
spec:
  selector: {matchLabels: *labels}
  template:
    metadata: {labels: *labels}
    spec:
      containers:
        # A folded scalar.
        - name: folded
          command: ["sh", "-c"]   # the script is below
          args:
            - >-
              cd /srv/app &&
              exec gunicorn
              --timeout 90
              shop.wsgi   # not a comment of YAML's
          env: *environment
        - name: paragraphs
          command:
            - bash
            - -c
            - >

              python manage.py migrate


              gunicorn
              shop.wsgi --timeout 90

              echo "it has ended"
          env: *environment

        - name: literal
          command:
          - /bin/bash
          - -ec
          - |
            # migrate first
            python manage.py migrate

            exec gunicorn \\
                --timeout 90 \\
                shop.wsgi 2>&1   # errors too

            echo "never reached"
          env: *environment
        - name: single
          command: [sh, -c, 'exec gunicorn ''shop:make_app("a")'' | cat'] # quotes
          env: *environment
        - name: double
          command: [sh, -c, "exec gunicorn 'shop:make_app(\\"a\\")' && true"]
          env: *environment
        - name: plain
          command:
            - bash
            - -c
            - exec gunicorn
              shop.wsgi
              --timeout 90
          env: *environment
        - name: inner
          command: [sh, -c, 'exec su app -c "exec gunicorn shop.wsgi"']
          env: *environment
        - {name: flow, command: [gunicorn,
            # the application
            shop.wsgi], env: *environment}
        - name: list
          command:   # one a line
          - gunicorn
          - "shop.wsgi"   # the application

          # and then its variables
          env: *environment
---
# Said, and not touched: both have the same command.
apiVersion: v1
kind: Pod
metadata: {name: twins}
spec:
  containers:
    - name: one
      command: &start [gunicorn, shop.wsgi]
      env: [{name: PORT, value: "8000"}]
    - name: two
      command: *start
      env: [{name: PORT, value: "8000"}]
`

/** The lines that went, and those that came, in their order. */
const changes = (before: string, after: string): string[] =>
  diffArrays(before.split('\n'), after.split('\n')).flatMap(({ added, removed, value }) =>
    added || removed ? value.map((line) => `${added ? '+' : '-'}${line.trim()}`) : []
  )

const fixed = async (text: string) =>
  run(['check', '--policy', 'policy.yaml', '--fix', 'shop.yaml'], { 'shop.yaml': text, 'policy.yaml': policy })

describe.each([['\n', 'LF'], ['\r\n', 'CRLF']])('line ends %j', (lineBreak) => {
  const text = manifest.replaceAll('\n', lineBreak)

  test('exactly the lines change that had to', async () => {
    const { files, err } = await fixed(text)
    const after = files['shop.yaml']!
    // All containers of a Pod share its ports: the first has the platform's, and none is put into the others.
    expect(changes(text, after)).toEqual([
      "-shop.wsgi   # not a comment of YAML's",
      "+shop.wsgi -w 4 -b :$PORT   # not a comment of YAML's",
      '-shop.wsgi --timeout 90',
      '+shop.wsgi --timeout 90 -w 4',
      '-shop.wsgi 2>&1   # errors too',
      '+shop.wsgi \\',
      '+-w 4 2>&1   # errors too',
      `-command: [sh, -c, 'exec gunicorn ''shop:make_app("a")'' | cat'] # quotes`,
      `+command: [sh, -c, 'exec gunicorn ''shop:make_app("a")'' -w 4 | cat'] # quotes`,
      `-command: [sh, -c, "exec gunicorn 'shop:make_app(\\"a\\")' && true"]`,
      `+command: [sh, -c, "exec gunicorn 'shop:make_app(\\"a\\")' -w 4 && true"]`,
      '---timeout 90',
      '+--timeout 90 -w 4',
      `-command: [sh, -c, 'exec su app -c "exec gunicorn shop.wsgi"']`,
      `+command: [sh, -c, 'exec su app -c "exec gunicorn shop.wsgi -w 4"']`,
      '-shop.wsgi], env: *environment}',
      '+shop.wsgi,',
      '+-w,',
      '+"4"], env: *environment}',
      '+- "-w"',
      '+- "4"',
    ])
    expect(err).toMatch(
      /^paddock: shop\.yaml:\d+: spec\.containers\[0\]\.command\[-\]: not fixed: it is anchored, and an alias elsewhere stands for it too\n$/,
    )
    expect(after.replaceAll(lineBreak, '')).not.toMatch(/[\r\n]/)
    const again = await fixed(after)
    expect(again.files['shop.yaml']).toBe(after)
  })
})

test('what a later round puts into a string stands where it must in what the earlier one left', async () => {
  const manifest = (script: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n  - name: web\n    env: [{name: PORT, value: '80'}]\n    command: [sh, -c, '${script}']\n`
  const { files } = await run(['check', 'pod.yaml', '--fix'], { 'pod.yaml': manifest('exec gunicorn -b$PORT -D app && echo') })
  expect(files['pod.yaml']).toBe(
    manifest('exec gunicorn -b:$PORT app -w 4 --access-logfile - --error-logfile - && echo').replace(' && echo',
      ` --access-logformat ''[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"'' && echo`),
  )
})
