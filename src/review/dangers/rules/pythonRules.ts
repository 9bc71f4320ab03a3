import { names, type PathRule } from './pathRule';

/** Python: what runs at `pip install`, when tests are looked for, at the start of any interpreter, or when a linter looks. */
export const PYTHON_RULES: readonly PathRule[] = [
  {
    danger: 'scripts',
    files: names(`
      setup.py setup.cfg pyproject.toml conftest.py sitecustomize.py usercustomize.py noxfile.py tox.ini pytest.ini pip.conf
      pip.ini .pypirc manage.py tasks.py dodo.py locustfile.py conf.py gunicorn.conf.py ipython_config.py hatch_build.py
      pylintrc pylintrc.toml mypy.ini pipfile pipfile.lock poetry.lock pdm.lock uv.lock uv.toml pyvenv.cfg .python-version
      pixi.toml pixi.lock environment.yml environment.yaml mkdocs.yml snakefile
    `),
    pattern: /\.pth$|^jupyter_.*_config\.(?:py|json)$|^requirements.*\.txt$|^constraints.*\.txt$/,
  },
];
