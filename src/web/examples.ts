/** Texts to begin with: what the first hour with gunicorn on a platform looks like. */
export const examples: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'a command', text: 'gunicorn shop.wsgi -w 1 -b 127.0.0.1:8000 -k gevent --timeout 30' },
  { name: 'a script',
    text:
      '#!/bin/sh\nset -e\npython manage.py migrate --noinput\nexport PORT=${PORT:-8000}\ngunicorn shop.wsgi \\\n  --bind 0.0.0.0:$PORT \\\n  --workers=four\n' },
  { name: 'a Procfile', text: 'web: gunicorn shop.wsgi --log-file web.log\nworker: celery -A shop worker\n' },
  { name: 'a Deployment',
    text:
      'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n  annotations:\n    paddock.dev/requirements: |\n      gunicorn==23.0.0\n      django==5.2\nspec:\n  selector:\n    matchLabels: {app: shop}\n  template:\n    metadata:\n      labels: {app: shop}\n    spec:\n      containers:\n        - name: web\n          image: shop:1.0\n          args: [gunicorn, shop.wsgi, -b, ":$PORT", -k, gevent]\n          ports:\n            - containerPort: 8000\n' },
]
