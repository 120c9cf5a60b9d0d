"""Recipes: what `compress` is asked to do, as a YAML file or as arguments."""

from tfprune.recipes.reading import read_recipe, recipe_of
from tfprune.recipes.recipe import BUDGETS, Budget, FineTune, Floor, Prune, Quantize, Recipe
from tfprune.recipes.writing import json_schema, yaml_of

__all__ = [
    "BUDGETS",
    "Budget",
    "FineTune",
    "Floor",
    "Prune",
    "Quantize",
    "Recipe",
    "json_schema",
    "read_recipe",
    "recipe_of",
    "yaml_of",
]
