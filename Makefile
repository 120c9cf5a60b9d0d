# Every target sets itself up: Python (3.10 to 3.13), git and make are all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m pytest

.PHONY: demo quick test test-android test-next test-oldest check docs proof format clean

demo: $(VENV)/.demo   ## train, prune, convert, verify and benchmark on real digits
	$(BIN)/tfprune demo -o demo_output

# A little of every room that needs no conversion: masks, channels, surgery, graphs, data, tables.
QUICK := $(addprefix tests/,test_errors.py test_files.py test_patterns.py test_schedules.py \
  test_keras_facts.py test_keras_internals.py test_wrapping.py test_layer_names_everywhere.py \
  plan allocate tables depth/test_blocks.py data/test_checking.py graph/test_calls.py \
  channels/test_readme.py channels/test_dense.py channels/test_merging.py masks/test_engine.py \
  quantization/test_fake_quantize.py reports/test_tables.py surgery/test_structured.py \
  tflite/test_sparse_tensor.py)

quick: $(VENV)/.dev   ## a minute's feedback while you write
	$(PYTEST) -n 2 -x $(QUICK)

test: check           ## everything CI runs
	$(PYTEST) -n 2 --dist loadscope -m "not proof"

test-android: $(VENV)/.dev   ## all that can be tried of the road to a phone, without one
	$(PYTEST) -m "android or not proof" -n 2 --dist loadscope -rs tests/android tests/android_app

test-next: $(VENV)/.pip   ## the suite on the newest Keras and TensorFlow, pre-releases too, in .venv-next
	$(BIN)/python -m venv --clear $(VENV)-next
	$(VENV)-next/bin/python -m pip install -q -e ".[dev]"
	$(VENV)-next/bin/python -m pip install -q --upgrade --pre keras tensorflow
	@# Both come after Keras and TensorFlow; the tests of KerasHub are skipped without it.
	for each in tensorflow_text keras_hub; do $(VENV)-next/bin/python -c "import $$each" 2> /dev/null \
	  || (echo "$$each does not import on these versions: removed"; \
	  $(VENV)-next/bin/python -m pip uninstall -q -y $$each); done
	$(MAKE) $(VENV)-next/tests

test-oldest: $(VENV)/.pip   ## the suite on the lower bounds of pyproject.toml, in .venv-oldest
	$(BIN)/python -m venv --clear $(VENV)-oldest
	sed -n '/^dependencies/,/^]/s/.*"\(.*\)>=\(.*\)".*/\1==\2/p' pyproject.toml > $(VENV)-oldest/bounds.txt
	$(VENV)-oldest/bin/python -m pip install -q -e ".[dev]" -c $(VENV)-oldest/bounds.txt
	$(MAKE) $(VENV)-oldest/tests

.PHONY: $(VENV)-next/tests $(VENV)-oldest/tests
$(VENV)-next/tests $(VENV)-oldest/tests:
	@# Asked by import: a pre-release of TensorFlow brings keras-nightly, which overwrites keras.
	TF_CPP_MIN_LOG_LEVEL=3 $(@D)/bin/python -c "import keras, tensorflow, numpy; \
	  print(*((m.__name__, m.__version__) for m in (keras, tensorflow, numpy)), sep='\n')"
	TF_CPP_MIN_LOG_LEVEL=3 $(@D)/bin/python -m pytest -n 2 --dist loadscope -m "not proof"

check: $(VENV)/.dev   ## lint, types and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs   ## the site, in build/site; a warning is an error
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/sphinx-build -q -W --keep-going -c docs/site docs build/site
	@echo "build/site/index.html"

proof: $(VENV)/.dev   ## the slow evidence: hours on 2 cores; goes on where it was interrupted
	HYPOTHESIS_PROFILE=searching $(PYTEST) -m proof
	$(BIN)/python benchmarks/mask_overhead.py
	$(BIN)/python benchmarks/structured_speed.py
	$(BIN)/python benchmarks/convert_speed.py
	$(BIN)/python -m proofs.coverage
	$(BIN)/python -m proofs.strangers
	$(BIN)/python -m proofs.mobilenetv2
	$(BIN)/python -m proofs.sentiment
	$(BIN)/tfprune setup-arm64
	$(BIN)/python -m proofs.doctor_truth
	$(BIN)/python -m proofs.fuzz
	$(BIN)/python -m proofs.sparse_ready
	$(BIN)/python -m proofs.sparse_trained
	$(BIN)/python -m proofs.repair
	$(BIN)/python -m proofs.distillation
	$(BIN)/python -m proofs.headlines
	$(BIN)/python -m proofs.once
	$(BIN)/python -m proofs.regrowth
	$(BIN)/python -m proofs.side_by_side
	$(BIN)/python -m proofs.side_by_side --times
	$(BIN)/python -m proofs.clustering
	$(BIN)/python -m proofs.tickets
	$(BIN)/python -m proofs.repair_depth
	$(BIN)/python -m proofs.merging
	$(BIN)/python -m proofs.resnet_pruning --scopes global --finetune random l1 l2 bn_scale fpgm lamp taylor fisher relevance activation_mean activation_apoz

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(VENV)-next $(VENV)-oldest demo_output build *.egg-info

$(VENV)/.pip:
	$(PYTHON) -c 'import sys; assert (3, 10) <= sys.version_info[:2] <= (3, 13), \
	  f"tfprune needs Python 3.10 to 3.13 (TensorFlow has no other wheels); this is {sys.version}. Run: make PYTHON=python3.12"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	touch $@

$(VENV)/.demo: $(VENV)/.pip pyproject.toml
	@echo "installing tfprune and TensorFlow into $(VENV) (about a minute) ..."
	$(BIN)/python -m pip install -q -e ".[demo]"
	touch $@

$(VENV)/.dev: $(VENV)/.pip pyproject.toml
	@echo "installing tfprune and its development tools into $(VENV) ..."
	$(BIN)/python -m pip install -q -e ".[dev]"
	touch $@

$(VENV)/.docs: $(VENV)/.pip pyproject.toml
	@echo "installing tfprune, TensorFlow and Sphinx into $(VENV) ..."
	$(BIN)/python -m pip install -q -e ".[docs]"
	touch $@
