"""The sandbox: a double of Qliro and Fortnox as far as the flows use them, in process or served.

Make a world (``generator.month``, ``generator.clean``, ``company.empty_world``, ``lives.shop``),
add named ``troubles`` of payouts and ``lives`` of orders, take an order on with ``lifecycle``, then
talk to the world through ``transport.SandboxTransport`` or ``server.serve``; plan what shall go
wrong with ``faults``. ``World.company`` and ``World.handling`` say how Fortnox and Qliro behave
where companies differ or no source tells. Nothing here is used by the program proper.
"""
