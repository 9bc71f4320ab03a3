import unittest

from inventory import Inventory


class InventoryTest(unittest.TestCase):
    def test_counts(self) -> None:
        stock = Inventory()
        stock.add("rope", 2)
        stock.take("rope")
        self.assertEqual(stock["rope"], 1)

    def test_refuses_to_go_below_zero(self) -> None:
        with self.assertRaises(LookupError):
            Inventory().take("rope")


if __name__ == "__main__":
    unittest.main()
