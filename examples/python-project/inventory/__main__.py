import platform

from inventory import Inventory

stock = Inventory()
stock.add("rope", 3)
stock.take("rope")
print(f"rope: {stock['rope']}, kernel {platform.release()}")
